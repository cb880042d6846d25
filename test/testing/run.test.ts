import { spawn } from 'node:child_process'
import { generateKeyPair, randomBytes, scrypt, webcrypto } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { readFile as readFileWithCallback } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { gzip } from 'node:zlib'
import { httpServer, webSocketServer } from 'lastcall/http'
import {
  createTestShutdown,
  expectCleanEnd,
  expectOrder,
  type TestShutdown,
  type TestShutdownOptions,
} from 'lastcall/testing'
import { childProcess, taskTracker, workerThread } from 'lastcall/workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { rejectionOf } from '../support/hooks/error-of.ts'

function listening(options?: TestShutdownOptions): TestShutdown {
  const app = createTestShutdown(options)
  app.shutdown.listen()
  return app
}

/** What the library writes to the stderr of the test. */
function stderr() {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  return () => write.mock.calls.map(([text]) => String(text)).join('')
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('run()', () => {
  test('moves the clock to the end, and returns the report', async () => {
    const app = listening({ grace: '30s' })
    app.shutdown.add('jobs', () => app.sleep('6s'), { phase: 'drain' })
    app.shutdown.add('events', () => app.sleep('1s'), { phase: 'flush' })
    app.shutdown.add('postgres', () => app.sleep(50))
    const report = await app.run('SIGTERM')
    expectOrder(report, ['jobs', 'events', 'postgres'])
    expect(report).toBe(app.report)
    expect(report.duration).toBe(7050)
    expect(app.exitCode).toBe(0)
  })

  test('sends SIGTERM, unless the test names another signal', async () => {
    const [usual, other] = [listening(), listening()]
    expect((await usual.run()).reason).toMatchObject({ kind: 'signal', signal: 'SIGTERM' })
    expect((await other.run('SIGINT')).reason).toMatchObject({ kind: 'signal', signal: 'SIGINT' })
  })

  test('cuts off what hangs', async () => {
    const app = listening({ grace: '10s' })
    app.shutdown.add('stuck', () => new Promise(() => {}), { phase: 'drain' })
    app.shutdown.add('postgres', () => app.sleep('200ms'))
    const report = await app.run()
    expect(report.outcome).toBe('cut off')
    expect(app.order.ended).toEqual(['stuck', 'postgres'])
    expect(app.exitCode).toBe(124)
  })

  test('does not wait for the timer of the test, which mocha sets when the test returns a promise', async () => {
    const app = listening()
    app.shutdown.add('jobs', () => app.sleep('1s'))
    const run = app.run()
    const timer = setTimeout(() => {}, 60_000)
    expect((await run).duration).toBe(1000)
    clearTimeout(timer)
  })

  test('goes on with a shutdown that has begun, and sends it nothing', async () => {
    const app = listening()
    app.shutdown.add('jobs', () => app.sleep('3s'))
    await app.fault(new Error('boom'))
    const report = await app.run()
    expect(report.reason.kind).toBe('fault')
    expectOrder(report, ['jobs'])
    expect(app.exitCode).toBe(1)
  })

  test('works where the process does not exit', async () => {
    const app = listening({ exit: false })
    app.shutdown.add('jobs', () => app.sleep('3s'))
    expect((await app.run()).duration).toBe(3000)
    expect(app.exitCode).toBeUndefined()
  })

  test('waits for real work, while the clock stands still', async () => {
    const app = listening({ grace: '10s' })
    const folder = await mkdtemp(join(tmpdir(), 'run-'))
    const file = join(folder, 'events')
    app.shutdown.add('timer', () => new Promise((resolve) => setTimeout(resolve, 60)), {
      phase: 'drain',
    })
    app.shutdown.add(
      'file',
      async () => {
        for (let n = 1; n <= 20; n++) await writeFile(file, 'line\n'.repeat(n))
        await app.sleep('1s')
        await writeFile(file, 'the end')
      },
      { phase: 'flush' },
    )
    const report = await app.run()
    expectCleanEnd(report)
    expect(report.duration).toBe(1000)
    expect(await readFile(file, 'utf8')).toBe('the end')
    await rm(folder, { recursive: true })
  })

  test.each([
    ['compression', () => promisify(gzip)(randomBytes(400_000))],
    ['a key', () => promisify(scrypt)('secret', 'salt', 64)],
    ['random bytes', () => promisify(randomBytes)(100_000)],
    ['a key pair', () => promisify(generateKeyPair)('rsa', { modulusLength: 1024 })],
    ['a digest', () => webcrypto.subtle.digest('SHA-256', Buffer.alloc(1_000_000))],
    ['a file with a callback', () => promisify(readFileWithCallback)(process.execPath)],
    ['a file', () => readFile(process.execPath)],
    ['a name', () => lookup('localhost')],
  ])('waits for work in the thread pool: %s', async (_, work) => {
    const app = listening()
    app.shutdown.add('work', async () => {
      for (let n = 0; n < 3; n++) await work()
    })
    expectCleanEnd(await app.run())
  })

  test('waits for a child process, a thread and a task', async () => {
    const app = listening({ grace: '10s' })
    const script =
      "process.on('SIGTERM', () => setTimeout(() => process.exit(0), 80)); console.log('up'); setInterval(() => {}, 1000)"
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const threadScript =
      "const { parentPort } = require('node:worker_threads'); parentPort.once('message', () => setTimeout(() => process.exit(0), 80))"
    const thread = new Worker(threadScript, { eval: true })
    await once(thread, 'online')
    const jobs = taskTracker()
    app.shutdown.add([childProcess(child), workerThread(thread), jobs])
    void jobs.run(() => app.sleep('2s'))
    const report = await app.run()
    expectCleanEnd(report)
    expect(child.exitCode).toBe(0)
    expect(report.duration).toBe(2000)
  })

  test('kills a child process that does not end, at the limit of its hook', async () => {
    const app = listening({ grace: '2s' })
    const script = "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)"
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    app.shutdown.add(childProcess(child, { name: 'deaf', stopWait: '300ms' }))
    const report = await app.run()
    expect(report.outcome).toBe('cut off')
    if (child.signalCode === null) await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')
  })
})

describe('adapters in run()', () => {
  test.each([
    [{}, 0],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 5000],
  ])(
    'a server of node:http, with its lame duck on the clock of the test: %j',
    async (env, least) => {
      const app = listening({ env })
      const server = createServer(async (_request, response) => {
        await app.sleep('3s')
        response.end('answered')
      })
      await once(server.listen(0), 'listening')
      app.shutdown.add(httpServer(server))
      const answer = fetch(`http://localhost:${(server.address() as AddressInfo).port}`)
      await once(server, 'request')
      const report = await app.run('SIGTERM')
      expect(await (await answer).text()).toBe('answered')
      expectCleanEnd(report)
      expect(report.duration).toBeGreaterThanOrEqual(Math.max(least, 3000))
      expect(server.listening).toBe(false)
    },
  )

  test('WebSockets', async () => {
    const app = listening()
    const server = createServer()
    await once(server.listen(0), 'listening')
    const sockets = new WebSocketServer({ server })
    app.shutdown.add([httpServer(server), webSocketServer(sockets)])
    const client = new WebSocket(`ws://localhost:${(server.address() as AddressInfo).port}`)
    await once(client, 'open')
    const closed = once(client, 'close')
    const report = await app.run()
    expect((await closed)[0]).toBe(1001)
    expectCleanEnd(report)
  })
})

describe('time that does not move', () => {
  test('a loop of sleep(0) is refused, by signal() and by run()', async () => {
    for (const send of ['signal', 'run'] as const) {
      const app = listening()
      app.shutdown.add('loop', async () => {
        while (app.exitCode === undefined) await app.sleep(0)
      })
      const { code, message } = await rejectionOf(app[send]('SIGTERM'))
      expect(code).toBe('LASTCALL_CLOCK_STANDS_STILL')
      expect(message).toContain('Most likely a loop calls sleep(0)')
    }
  })

  test('calls that overlap are refused', async () => {
    const app = listening()
    app.shutdown.add('jobs', () => app.sleep('3s'))
    await app.signal('SIGTERM')
    const first = app.advance('1s')
    for (const [name, second] of [
      ['advance', app.advance('1s')],
      ['run', app.run()],
    ] as const) {
      const { code, message } = await rejectionOf(second)
      expect(code).toBe('LASTCALL_NOT_AWAITED')
      expect(message).toContain(`${name}() was called while an earlier advance() or run()`)
    }
    await first
    await app.advance('2s')
    expect(app.report?.duration).toBe(3000)
  })

  test('a signal may arrive while the clock moves', async () => {
    const app = listening({ terminal: true })
    app.shutdown.add('jobs', async () => {
      await app.sleep('2s')
      void app.signal('SIGINT')
      await app.sleep('60s')
    })
    expect((await rejectionOf(app.run('SIGINT'))).message).toContain('exited with code 130')
    expect(app.exitCode).toBe(130)
  })
})

describe('a test that hangs', () => {
  test('says after a second what run() waits for', async () => {
    const app = listening()
    const said = stderr()
    let finish = () => {}
    app.shutdown.add('log', () => {
      // Looked for in real time: the timer is what run() waits for.
      return new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          if (said() === '') return
          clearInterval(timer)
          resolve()
        }, 5)
        finish = resolve
      })
    })
    await app.run()
    finish()
    expect(said()).toMatch(
      /^lastcall: run\(\) has waited for 1 s\. These hooks are running: 'log'\. Real work is going on: \d+ Timeout.*The clock of the test stands still meanwhile\.\n$/,
    )
  })

  test('says after two seconds what `ended` waits for', async () => {
    const app = listening()
    const said = stderr()
    app.shutdown.add('jobs', () => app.sleep('1s'))
    await app.signal('SIGTERM')
    void app.ended
    await vi.waitUntil(() => said() !== '', { timeout: 4500, interval: 20 })
    // The timer is that of waitUntil().
    expect(said()).toMatch(
      /^lastcall: the test has waited for `ended` for 2 s\. These hooks are running: 'jobs'\. Real work is going on: \d Timeout\. The clock of the test stands still meanwhile\. Move it with advance\(\), or write `await app\.run\(\)` in place of `await app\.ended`\.\n$/,
    )
    expect((await app.run()).outcome).toBe('clean')
  })
})

describe('fake timers of the runner', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('run() moves them to the end', async () => {
    vi.useFakeTimers()
    const app = createTestShutdown({
      grace: '10s',
      advanceTimers: (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds),
    })
    app.shutdown.listen()
    app.shutdown.add('jobs', () => new Promise((resolve) => setTimeout(resolve, 2345)), {
      phase: 'drain',
    })
    app.shutdown.add('stuck', () => new Promise(() => {}))
    const report = await app.run()
    expect(report.phases[0]?.hooks[0]?.ended).toBe(2345)
    expect(app.exitCode).toBe(124)
  })

  test('the function is not called once the process has exited', async () => {
    vi.useFakeTimers()
    let calls = 0
    const app = createTestShutdown({
      advanceTimers(milliseconds) {
        calls++
        return vi.advanceTimersByTimeAsync(milliseconds)
      },
    })
    app.shutdown.listen()
    let finish = () => {}
    app.shutdown.add(
      'jobs',
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    await app.signal('SIGTERM')
    vi.useRealTimers()
    const before = calls
    finish()
    await app.ended
    expect(app.exitCode).toBe(0)
    expect(calls).toBe(before)
  })
})
