import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { suspend } from '../support/programs/child.ts'
import { Script, shutdownScript } from '../support/programs/script.ts'
import { until } from '../support/service.ts'

const GRACE = `{ grace: '1.5s', margin: '1.2s' }`
// The same deadline, and a margin in which a busy machine can say where the loop is. The process is killed
// once it has said so.
const PATIENT = `{ grace: '3s', margin: '2.7s' }`

/** The line of a text in a program, as in its stack. */
function lineOf(code: string, text: string): number {
  return code.slice(0, code.indexOf(text)).split('\n').length
}

/** The child that the killed process waited for lives on. It is ended by the pid in the message. */
function endChild(stderr: string): void {
  const pid = Number(/its child: sleep \(pid (\d+)\)/.exec(stderr)?.[1])
  expect(process.kill(pid, 'SIGKILL')).toBe(true)
}

// Says when it is in the call: before that its thread can be ended.
const inSystemCall = (seconds: string) => `
  const { Worker } = await import('node:worker_threads')
  const { once } = await import('node:events')
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = \`fetch('http://127.0.0.1:\${server.address().port}').catch(() => {}); setTimeout(() => {}, ${seconds})\`
  new Worker(
    \`process.getBuiltinModule('node:child_process').execFileSync(process.execPath, ['-e', \${JSON.stringify(client)}], { stdio: 'ignore' })\`,
    { eval: true },
  )
  const [socket] = await once(server, 'connection')
  socket.destroy()
  server.close()`

async function stopped(code: string, options: ConstructorParameters<typeof Script>[1] = {}) {
  const script = await new Script(code, options).says('ready')
  return script.send('SIGTERM').ended
}

describe('a loop that is blocked at the deadline', () => {
  test('is ended by SIGKILL: function, file, line and hook are named', async () => {
    const code = shutdownScript(
      `shutdown.add({ name: 'quick', phase: 'drain', run: () => sleep(5) })
       shutdown.add({ name: 'cache', phase: 'flush', run: () => spin(1) })
       function spin(n) {
         for (;;) n = Math.sqrt(n + 1)
       }`,
      PATIENT,
    )
    const ended = await stopped(code)
    expect(ended.signal).toBe('SIGKILL')
    const line = lineOf(code, 'for (;;)')
    expect(ended.stderr).toMatch(
      new RegExp(
        `^lastcall: the event loop is blocked by spin \\(\\S+:${line}:\\d+\\): killed (at|\\d+ ms after) the deadline of 300 ms\n +at spin \\(\\S+:${line}:\\d+\\)\n +at run \\(`,
      ),
    )
    expect(ended.stderr).toContain(`\n  running: hook 'cache' (flush)\n`)
    expect(ended.stderr).not.toContain('quick')
  })

  test.each([
    [
      'microtasks without end',
      'const again = () => Promise.resolve().then(again); again()',
      'again',
    ],
    [
      'a regular expression',
      `function match() { /^(a+)+$/.test('a'.repeat(50) + 'b') }; match()`,
      'match',
    ],
    [
      'a wait',
      `function wait() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }; wait()`,
      'wait',
    ],
  ])('by %s: the function is named', async (_, work, name) => {
    const ended = await stopped(
      shutdownScript(
        `shutdown.add({ name: 'bad', phase: 'flush', run() { ${work}; return new Promise(() => {}) } })`,
        PATIENT,
      ),
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toContain(`blocked by ${name} (`)
  })

  test('by a synchronous child: it is named, without its arguments', async () => {
    const ended = await stopped(
      shutdownScript(
        `const { execFileSync } = await import('node:child_process')
         shutdown.add({ name: 'bad', phase: 'flush', run: () => execFileSync('sleep', ['7.654321']) })`,
        PATIENT,
      ),
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toMatch(
      /blocked by a synchronous call, .*\n {2}its child: sleep \(pid \d+\)\n/,
    )
    expect(ended.stderr).not.toContain('7.654321')
    endChild(ended.stderr)
  })

  test('by native code: it is ended all the same', async () => {
    const ended = await stopped(
      shutdownScript(
        `const { pbkdf2Sync } = await import('node:crypto')
         shutdown.add({ name: 'bad', phase: 'flush', run: () => pbkdf2Sync('a', 'b', 1e9, 64, 'sha512') })`,
        PATIENT,
      ),
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toContain('the event loop is blocked by native code')
    expect(ended.stderr).toContain(`running: hook 'bad' (flush)`)
  })

  test('as JSON it is one line, with the same in its fields', async () => {
    const ended = await stopped(
      shutdownScript(
        `shutdown.add({ name: 'bad', phase: 'flush', run: function spin() { for (;;); } })`,
        `{ grace: '3s', margin: '2.7s', log: { format: 'json', level: 'warn' } }`,
      ),
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr.split('\n')).toHaveLength(2)
    const { msg, ...fields } = JSON.parse(ended.stderr)
    expect(fields).toMatchObject({
      level: 'fatal',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      pid: expect.any(Number),
      name: 'lastcall',
      event: 'blocked',
      where: { function: 'spin', line: expect.any(Number) },
      hooks: ["hook 'bad' (flush)"],
    })
    expect(fields.stack[0]).toEqual(fields.where)
    expect(msg).toMatch(/^the event loop is blocked by spin \(/)
  })

  test('with log: false it is silent', async () => {
    const ended = await stopped(
      shutdownScript(
        `shutdown.add({ name: 'bad', phase: 'flush', run() { for (;;); } })`,
        `{ grace: '3s', margin: '2.7s', log: false }`,
      ),
    )
    expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' })
  })

  test('names can not pass for lines of their own, and hooks that have ended are not named', async () => {
    const ended = await stopped(
      shutdownScript(
        `process.title = 'a) R R b'
         const { execFileSync } = await import('node:child_process')
         for (let n = 1; n <= 12; n++) shutdown.add({ name: 'quick ' + n, phase: 'flush', run: () => sleep(5) })
         shutdown.add({ name: 'slow', phase: 'flush', run: () => sleep(9000) })
         const bad = { ['x\\n\\x1b[31mlastcall: well'](wait) { wait() } }
         shutdown.add({ name: 'y\\nlastcall: \\x1b[31mwell', phase: 'flush', run: () => sleep(50).then(() => {
           bad['x\\n\\x1b[31mlastcall: well'](() => { for (;;); })
         }) })`,
        PATIENT,
      ),
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toContain('at x\\u000a\\u001b[31mlastcall: well (')
    expect(ended.stderr.match(/^lastcall: /gm)).toHaveLength(1)
    expect(ended.stderr).toMatch(
      /(?<! {2}running: .*\n) {2}running: hook 'slow' \(flush\)\n {2}running: hook 'y /,
    )
    expect(ended.stderr).not.toContain('\x1b')
  })

  test('by a synchronous call, whatever the process calls itself', async () => {
    const ended = await stopped(
      shutdownScript(
        `process.title = 'a) R R b'
         const { execFileSync } = await import('node:child_process')
         shutdown.add({ name: 'bad', phase: 'flush', run: () => execFileSync('sleep', ['7.87654']) })`,
        PATIENT,
      ),
    )
    expect(ended.stderr).toContain('by a synchronous call')
    endChild(ended.stderr)
  })

  test('with a stderr without a reader it is killed all the same', async () => {
    const code = shutdownScript(
      `const { writeSync } = await import('node:fs')
       shutdown.add({ name: 'bad', phase: 'flush', run() { for (;;); } })`,
      PATIENT,
    )
    // The pipe takes 64 KiB; the program is started by a shell that fills it before.
    const fill = ['sh', '-c', 'head -c 65536 /dev/zero >&2; exec "$@"', 'sh']
    const script = new Script(code, { prefix: fill })
    script.child.stderr?.pause()
    await script.says('ready')
    script.send('SIGTERM')
    const signal = await new Promise((resolve) =>
      script.child.once('exit', (_code, signal) => resolve(signal)),
    )
    script.child.stderr?.resume()
    await script.ended
    expect(signal).toBe('SIGKILL')
  })
})

describe('code of the application that runs when the shutdown begins, and blocks', () => {
  const spin = 'function spin() { for (;;); }'

  test.each([
    ['a logger', `{ log: { info: spin, warn() {}, error() {} }, grace: '3s', margin: '2.7s' }`, ''],
    ['a listener of shutdown.signal', PATIENT, `shutdown.signal.addEventListener('abort', spin)`],
    [
      'a subscriber of the tracing channels',
      PATIENT,
      `const { tracingChannel } = await import('node:diagnostics_channel')
       tracingChannel('lastcall.shutdown').subscribe({ start: spin })`,
    ],
    [
      'a listener of a shutdown that begins before this one, and has no watchdog',
      PATIENT,
      `const other = createShutdown({ grace: '1s', log: false, watchdog: false })
       other.signal.addEventListener('abort', spin)
       process.once('SIGTERM', () => other.now())`,
    ],
  ])('%s: it is ended, and the function is named', async (_, options, body) => {
    const ended = await stopped(shutdownScript(`${spin}; ${body}`, options))
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toContain('the event loop is blocked by spin (')
  })
})

describe('a loop that turns, but is slow', () => {
  const busy = (slice: number) =>
    `function busy() {
       const until = performance.now() + ${slice}
       while (performance.now() < until);
       setImmediate(busy)
     }
     shutdown.add({ name: 'hung', phase: 'stop', run() { busy(); return new Promise(() => {}) } })`

  test('is ended just before the grace is over: function and hook are named', async () => {
    const ended = await stopped(shutdownScript(busy(500), `{ grace: '1.5s', margin: '300ms' }`))
    expect(ended.signal).toBe('SIGKILL')
    const [, turn] = /slow: longest turn (\d+) ms in busy \(/.exec(ended.stderr) ?? []
    expect(Number(turn)).toBeGreaterThanOrEqual(499)
    expect(ended.stderr).toContain(`\n  running: hook 'hung' (stop)\n`)
  })

  test('by native code: no other function is named', async () => {
    const ended = await stopped(
      shutdownScript(
        `const { pbkdf2Sync } = await import('node:crypto')
         const busy = () => {
           pbkdf2Sync('a', 'b', 5e5, 64, 'sha512')
           setImmediate(busy)
         }
         shutdown.add({ name: 'hung', phase: 'stop', run() { busy(); return new Promise(() => {}) } })`,
        `{ grace: '2s', margin: '300ms' }`,
      ),
    )
    expect(ended.signal).toBe('SIGKILL')
    // On a busy machine one turn may last for the whole margin: then the loop is blocked.
    expect(ended.stderr).toMatch(
      /^lastcall: the event loop is (slow: longest turn \d+ ms( in busy \(.*)?|blocked (by busy \(.*|by native code|and does not say where)): killed /m,
    )
  })

  test('leaves by itself where it turns often enough: hooks with a reserve run', async () => {
    const ended = await stopped(
      shutdownScript(
        `${busy(40)}
         shutdown.add({ name: 'events', phase: 'flush', reserve: '500ms', run: () => say('flushed') })`,
        `{ grace: '3s', margin: '1s' }`,
      ),
    )
    expect(ended).toMatchObject({ code: 124, stdout: 'ready\nflushed\n' })
  })
})

describe('a process that was stopped while its grace passed', () => {
  // The hook says so a turn after it began: before that the timer of its limit may not be set.
  const hung = (name: string) =>
    `shutdown.add({ name: '${name}', phase: 'stop', run() {
       setImmediate(say, 'begun')
       return new Promise(() => {})
     } })`

  /** Stops it when it has said so, and lets it go on when its grace is over. */
  async function suspended(script: Script, when: string) {
    await script.says(when)
    await suspend(script.pid)
    await sleep(1700)
    return script.send('SIGCONT').ended
  }

  test('leaves by itself', async () => {
    const script = new Script(shutdownScript(hung('hung'), GRACE))
    await script.says('ready')
    const ended = await suspended(script.send('SIGTERM'), 'begun')
    expect(ended).toMatchObject({ code: 124, signal: null })
  })

  test('is ended where its loop is blocked then: the function is named', async () => {
    const script = new Script(
      shutdownScript(
        // The interval is due before every timer of the shutdown.
        `function spin() { for (;;); }
         let before = performance.now()
         setInterval(() => {
           const now = performance.now()
           if (now - before > 1000) spin()
           before = now
         }, 1)
         ${hung('bad')}`,
        GRACE,
      ),
    )
    await script.says('ready')
    const ended = await suspended(script.send('SIGTERM'), 'begun')
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toMatch(/blocked by spin \(.*\(the process did not run for 1\d{3} ms\)/)
  })

  test.each([
    ['before', `process.on('exit', () => say('leaving'))`],
    ['while', `shutdown.on('start', () => process.on('exit', () => say('leaving')))`],
  ])('leaves by itself where it was stopped %s its exit waits for a thread', async (_, leaving) => {
    const script = new Script(shutdownScript(`${inSystemCall('1000')}; ${leaving}`, GRACE))
    await script.says('ready')
    const ended = await suspended(script.send('SIGTERM'), 'leaving')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('an exit that does not end', () => {
  test('by a listener: the function is named', async () => {
    const ended = await stopped(
      shutdownScript(`process.on('exit', function last() { for (;;); })`, GRACE),
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toMatch(/^lastcall: the exit is blocked by last \(/)
  })

  const HUNG = `shutdown.add({ name: 'hung', phase: 'flush', run: () => new Promise(() => {}) })`

  test('by a listener, after a shutdown that took all its time: the function is named', async () => {
    const ended = await stopped(
      shutdownScript(`${HUNG}; process.on('exit', function last() { for (;;); })`, GRACE),
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toMatch(/lastcall: the exit is blocked by last \(/)
  })

  test('by a listener that goes on beyond the deadline, within the margin: the code counts', async () => {
    const wait = '{ const until = performance.now() + 400; while (performance.now() < until); }'
    const ended = await stopped(
      shutdownScript(
        `shutdown.add({ name: 'slow', phase: 'flush', run: () => sleep(420) })
         process.on('exit', () => ${wait})`,
        `{ grace: '1.5s', margin: '1s' }`,
      ),
    )
    expect(ended).toMatchObject({ code: 0, signal: null })
  })

  test('with an output without a reader, after a shutdown that took all its time: the code counts', async () => {
    const script = new Script(
      shutdownScript(
        `${HUNG}; setTimeout(() => process.stdout.write('x'.repeat(1e6)))`,
        `{ grace: '2s', margin: '1s' }`,
      ),
    )
    await script.says('ready')
    script.child.stdout?.pause()
    script.send('SIGTERM')
    const how = await new Promise((resolve) => {
      script.child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    script.child.stdout?.resume()
    await script.ended
    expect(how).toEqual({ code: 124, signal: null })
  })

  test('by a synchronous call of a listener: no thread is accused where there is none', async () => {
    const ended = await stopped(
      shutdownScript(
        `const { execFileSync } = await import('node:child_process')
         shutdown.on('start', () => process.on('exit', () => execFileSync('sleep', ['7.98765'])))`,
        GRACE,
      ),
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toContain('the exit is blocked by a synchronous call')
    endChild(ended.stderr)
  })

  test('by a thread that process.exit() waits for', async () => {
    const ended = await stopped(shutdownScript(inSystemCall('7000'), GRACE))
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toBe(
      'lastcall: the exit is blocked by a worker thread that does not end: killed\n',
    )
  })

  test('by such a thread, in time: the code counts, and nothing is left behind', async () => {
    const ended = await stopped(shutdownScript(inSystemCall('300'), `{ grace: '5s' }`))
    // stderr has closed in every process that had it: the shell beside this one is gone.
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('a healthy process is left alone', () => {
  test('where the application has put another clock in place', async () => {
    const ended = await stopped(
      `Date.now = () => 0
       process.hrtime.bigint = () => 0n
       ${shutdownScript(
         `shutdown.add({ name: 'slow', phase: 'flush', run: () => sleep(1300) })`,
         `{ grace: '2s', margin: '500ms' }`,
       )
         .replace(
           'import { createShutdown, formatReport } from',
           'const { createShutdown } = await import(',
         )
         .replace("'lastcall'", "'lastcall')")}`,
    )
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('by one shutdown while another has time', async () => {
    const ended = await stopped(
      shutdownScript(
        `const other = createShutdown({ grace: '9s', log: false })
         const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
         other.add({ name: 'slow', phase: 'flush', run: () => sleep(200).then(wait) })
         other.listen()`,
        `{ grace: '500ms' }`,
      ),
    )
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('by a shutdown in a thread, where no more than the thread ends', async () => {
    const program = `
      const { createShutdown } = require('lastcall')
      const shutdown = createShutdown({ grace: 500, log: false })
      const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
      shutdown.add({ name: 'slow', phase: 'flush', run: wait })
      shutdown.now()`
    const ended = await new Script(
      `const { Worker } = require('node:worker_threads')
       new Worker(${JSON.stringify(program)}, { eval: true }).on('exit', () => console.log('goes on'))`,
      { type: 'commonjs' },
    ).ended
    expect(ended).toMatchObject({ code: 0, stdout: 'goes on\n', stderr: '' })
  })
})

describe('the thread', () => {
  const threads = `let threads = 0
    process.on('worker', () => threads++)
    process.on('exit', () => say('threads: ' + threads))`

  test('begins with the run', async () => {
    const code = shutdownScript(
      `${threads}
       setTimeout(() => say('before: ' + threads), 20)
       shutdown.add({ name: 'slow', phase: 'drain', run: () => sleep(20) })`,
    )
    const script = await (await new Script(code).says('ready')).says('before: ')
    const ended = await script.send('SIGTERM').ended
    expect(ended.stdout).toBe('ready\nbefore: 0\nthreads: 1\n')
  })

  test.each([
    ['watchdog: false', `{ watchdog: false }`],
    ['exit: false', `{ exit: false }`],
  ])('there is none with %s', async (_, options) => {
    const ended = await stopped(
      shutdownScript(
        `${threads}
         shutdown.add({ name: 'slow', phase: 'drain', run: () => sleep(20) })
         shutdown.on('end', () => setTimeout(() => process.exit(), 10))`,
        options,
      ),
    )
    expect(ended.stdout).toBe('ready\nthreads: 0\n')
  })

  test('loads nothing of what the application has its own threads load', async () => {
    const preload = `data:text/javascript,process.stderr.write('loaded ')`
    const ended = await stopped(
      shutdownScript(`shutdown.add({ name: 'slow', phase: 'drain', run: () => sleep(200) })`),
      { env: { ...process.env, NODE_OPTIONS: `--import="${preload}"` } },
    )
    expect(ended).toMatchObject({ code: 0, stderr: 'loaded ' })
  })

  test('where none may be started the shutdown goes on', async () => {
    const code = shutdownScript(
      `process.on('exit', () => say('left'))
       shutdown.add({ name: 'slow', phase: 'drain', run: () => sleep(20) })`,
    )
    const flags = spawnSync(process.execPath, ['--permission', '-e', '']).status === 0
    const permission = flags ? '--permission' : '--experimental-permission'
    const ended = await stopped(code, {
      env: { ...process.env, NODE_OPTIONS: `${permission} --allow-fs-read=* --no-warnings` },
    })
    expect(ended).toMatchObject({ code: 0, stdout: 'ready\nleft\n', stderr: '' })
  })

  test('leaves alone what a debugger holds', async () => {
    const code = shutdownScript(
      `shutdown.add({ name: 'looked at', phase: 'drain', run() { debugger; say('went on') } })`,
      GRACE,
    )
    const script = new Script(code, {
      env: { ...process.env, NODE_OPTIONS: '--inspect=127.0.0.1:0' },
    })
    await script.says('ready')
    const url = /ws:\S+/.exec(script.stderr)?.[0] ?? ''
    const client = new WebSocket(url)
    await new Promise((resolve) => client.once('open', resolve))
    const paused = new Promise<void>((resolve) => {
      client.on('message', (message) => {
        if (String(message).includes('Debugger.paused')) resolve()
      })
    })
    client.send(JSON.stringify({ id: 1, method: 'Debugger.enable' }))
    script.send('SIGTERM')
    await paused
    // Past the grace: what would be killed is dead by then.
    await new Promise((resolve) => setTimeout(resolve, 1600))
    expect(script.child.signalCode).toBe(null)
    client.send(JSON.stringify({ id: 2, method: 'Debugger.resume' }))
    await script.says('went on')
    // Node itself may crash where a debugger leaves while it exits: this one waits until it is asked to.
    await until(() => script.stderr.includes('Waiting for the debugger to disconnect'))
    client.close()
    expect((await script.ended).signal).toBe(null)
  })
})

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const [program = '', ...flags] = UNSHARE
const isRefused = spawnSync(program, [...flags, 'true']).status !== 0

describe.skipIf(isRefused)(
  `as PID 1, which the kernel keeps SIGKILL from${isRefused ? ' (skipped: needs unshare, as root)' : ''}`,
  () => {
    /** Starts it, and signals it when it is ready. */
    async function signalled(run: string): Promise<Script> {
      const hook = `shutdown.add({ name: 'bad', phase: 'flush', run() { ${run} } })`
      const script = new Script(shutdownScript(hook, GRACE), { prefix: UNSHARE })
      // With it goes its PID 1, which would otherwise be there for ever.
      onTestFinished(() => void script.send('SIGKILL'))
      await script.says('ready')
      const { pid } = script.child
      const inner = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
      process.kill(inner, 'SIGTERM')
      return script
    }

    test('it exits with 137', async () => {
      const ended = await (await signalled('for (;;);')).ended
      expect(ended.code).toBe(137)
      expect(ended.stderr).toContain('the event loop is blocked by run (')
    })

    test('it does so as soon as it can be asked, however late that is', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'watchdog-'))
      const fifo = join(folder, 'fifo')
      execFileSync('mkfifo', [fifo])
      const script = await signalled(
        `process.getBuiltinModule('node:fs').openSync('${fifo}', 'r'); for (;;);`,
      )
      await script.reports('the event loop is blocked by a synchronous call')
      // The thread has reported. It has to live on: it still has to ask the main thread to exit.
      await sleep(300)
      closeSync(openSync(fifo, 'w'))
      expect((await script.ended).code).toBe(137)
      rmSync(folder, { recursive: true })
    })
  },
)
