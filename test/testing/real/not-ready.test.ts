import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LastcallError } from '../../../src/base/errors.ts'
import type { Command } from '../../../src/testing/real/command.ts'
import { stopLikeCtrlC } from '../../../src/testing/real/ctrl-c.ts'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { stopLikeKubernetes } from '../../../src/testing/real/kubernetes.ts'
import type { RunningProgram, StopOptions } from '../../../src/testing/real/options.ts'
import { stopLikePm2 } from '../../../src/testing/real/pm2.ts'
import { stopLikeSystemd } from '../../../src/testing/real/systemd.ts'
import { DEAF, isThere, node, STUBBORN } from './programs.ts'

async function refusal(
  command: Command,
  options: StopOptions,
  stop = stopLikeDocker,
  code = 'LASTCALL_NOT_READY',
) {
  const error = await stop(command, options).then(
    (stopped) => Promise.reject(new Error(`it has ended: ${JSON.stringify(stopped)}`)),
    (error) => error,
  )
  expect(error).toBeInstanceOf(LastcallError)
  expect(error.code).toBe(code)
  return error.message as string
}

/** The same for a program that has ended by itself. */
const endedEarly = (command: Command, options: StopOptions, stop = stopLikeDocker) =>
  refusal(command, options, stop, 'LASTCALL_ENDED_EARLY')

const ready = /ready/

describe('a program that cannot be started', () => {
  test('says that its command is not found', async () => {
    expect(await refusal(['no-such-program'], { ready })).toMatch(
      "The program `no-such-program` cannot be started: 'no-such-program' was not found, it is not in any folder of PATH.",
    )
  })

  test('says what to do where the whole line is one item', async () => {
    expect(await refusal(['node server.js'], { ready })).toContain("['node', 'server.js']")
  })

  test('says that its folder is not there', async () => {
    expect(await refusal(DEAF, { ready, cwd: '/no/such/folder' })).toContain(
      "its folder '/no/such/folder' does not exist",
    )
  })

  test('a shell that does not find it ends before it is ready, with what it says of it', async () => {
    const message = await endedEarly('no-such-program', { ready })
    expect(message).toMatch(/has ended before it was ready \(exit code 127\)/)
    expect(message).toMatch(/no-such-program.*not found/)
    expect(await endedEarly(['no-such-program'], { ready }, stopLikeSystemd)).toMatch(/not found/)
  })
})

test('one that ends before it is ready is reported with its code and all that it wrote', async () => {
  const program = node(`console.log('begins'); console.error('no database'); process.exit(3)`)
  const message = await endedEarly(program, { ready })
  expect(message).toContain('has ended before it was ready (exit code 3).')
  expect(message).toContain('--- stdout ---\nbegins\n\n--- stderr ---\nno database')
})

describe.each([
  ['docker', stopLikeDocker],
  ['kubernetes', stopLikeKubernetes],
  ['pm2', stopLikePm2],
  ['systemd', stopLikeSystemd],
  ['ctrl-c', stopLikeCtrlC],
] as const)('one that ends as soon as it is ready is no good stop: %s', (_, stop) => {
  test.each(Array.from({ length: 10 }, (__, n) => n + 1))('%s of 10', async () => {
    const message = await endedEarly('echo ready; exit 0', { ready: 'ready' }, stop)
    expect(message).toContain('has ended by itself, before it could be stopped (exit code 0).')
  })
})

test.each(Array.from({ length: 5 }, (_, n) => n + 1))(
  'a program of Node that exits as soon as it is ready is no good stop: %s of 5',
  async () => {
    const message = await endedEarly(node(`console.log('ready'); process.exit(0)`), { ready })
    expect(message).toContain('has ended by itself, before it could be stopped (exit code 0).')
  },
)

test('one that ends by a signal is reported with it', async () => {
  expect(await endedEarly('echo ready; kill -9 $$', { ready: 'ready' })).toContain(
    'has ended by itself, before it could be stopped (SIGKILL).',
  )
})

test('one that is not ready in time is killed, and reported with what it wrote', async () => {
  const program = node(`console.log('pid ' + process.pid); setInterval(() => {}, 1000)`)
  const message = await refusal(program, { ready: 'never said', readyWithin: 400 })
  expect(message).toContain('was not ready within 400 ms; does it write what `ready` waits for')
  const [, pid] = /pid (\d+)/.exec(message) ?? []
  expect(isThere(Number(pid))).toBe(false)
})

test('of a function that has failed, the last failure is reported', async () => {
  const asked = () => Promise.reject(new Error('connect ECONNREFUSED'))
  const message = await refusal(DEAF, { ready: asked, readyWithin: 300 })
  expect(message).toContain('`ready` has failed last with Error: connect ECONNREFUSED')
})

test('a function that never answers is not waited for any longer than that', async () => {
  expect(await refusal(DEAF, { ready: () => new Promise(() => {}), readyWithin: 300 })).toContain(
    'was not ready within 300 ms',
  )
})

test('one that ends by itself after it was ready is none that was stopped', async () => {
  const program = node(`console.log('ready'); setTimeout(() => process.exit(0), 50)`)
  const message = await endedEarly(program, { ready, onReady: () => new Promise(() => {}) })
  expect(message).toContain('has ended by itself, before it could be stopped (exit code 0)')
})

test('what onReady throws is thrown, and nothing is left', async () => {
  let pid = 0
  const fails = (program: { pid: number }) => {
    pid = program.pid
    throw new Error('of the test')
  }
  await expect(stopLikeDocker(DEAF, { ready, onReady: fails })).rejects.toThrow('of the test')
  expect(isThere(pid)).toBe(false)
})

describe('a test that is given up', () => {
  test('ends the program at once, and rejects with the reason and what it has written', async () => {
    const controller = new AbortController()
    let pid = 0
    const giveUp = (program: { pid: number }) => {
      pid = program.pid
      controller.abort(new Error('given up'))
    }
    const { signal } = controller
    const error = await stopLikeDocker(DEAF, { ready, signal, onReady: giveUp }).catch((e) => e)
    expect(error).toMatchObject({ code: 'LASTCALL_NOT_READY', cause: signal.reason })
    expect(error.message).toContain('was given up, for `signal` has aborted: Error: given up.\n')
    expect(error.message).toContain('--- stdout ---\nready\n')
    expect(isThere(pid)).toBe(false)
  })

  test('has what it wrote in the error, also after the stop has begun', async () => {
    const controller = new AbortController()
    const onReady = (program: RunningProgram) => {
      void program.says('SIGTERM').then(() => controller.abort())
    }
    const { signal } = controller
    const error = await stopLikeDocker(STUBBORN, { ready, signal, onReady }).catch((e) => e)
    expect(error.code).toBe('LASTCALL_NOT_READY')
    expect(error.message).toContain('--- stdout ---\nready\nSIGTERM\n')
  })

  test('has what it wrote in the error where `onReady` fails by it', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const onReady = () => {
      const never = once(new EventEmitter(), 'never', { signal })
      controller.abort(new Error('given up'))
      return never
    }
    const error = await stopLikeDocker(DEAF, { ready, signal, onReady }).catch((e) => e)
    expect(error.cause).toBe(signal.reason)
    expect(error.message).toContain('--- stdout ---\nready\n')
  })

  test('before it begins, nothing is started', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastcall-real-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const signal = AbortSignal.abort(new Error('given up'))
    const error = await stopLikeDocker('touch begun', { ready, signal, cwd: folder }).catch(
      (e) => e,
    )
    expect(error).toMatchObject({ code: 'LASTCALL_NOT_READY', cause: signal.reason })
    expect(() => rmSync(join(folder, 'begun'))).toThrow('ENOENT')
  })
})

describe('what has to be waited for', () => {
  test('is waited for no longer than the program may take to be ready', async () => {
    const options = { ready, readyWithin: 500, onReady: () => new Promise(() => {}) }
    expect(await refusal(DEAF, options)).toContain(
      'could not be stopped: `onReady` has not settled within 500 ms',
    )
  })

  test('can be said by the program, and is an error where it ends without', async () => {
    const program = node(`console.log('ready'); setTimeout(() => console.log('asked'), 50)
      process.once('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)`)
    const { code } = await stopLikeDocker(program, {
      ready,
      onReady: (running) => running.says(/ask(ed)/),
    })
    expect(code).toBe(0)
    const short = node(`console.log('ready'); setTimeout(() => process.exit(3), 50)`)
    let problem: unknown
    await endedEarly(short, {
      ready,
      onReady: (running) => running.says('asked').catch((error) => (problem = error)),
    })
    expect(String(problem)).toContain('has ended, and has not written asked (exit code 3)')
  })

  test('is not the output that another one holds open', async () => {
    const command = ['sh', '-c', 'sleep 1000 & echo bad >&2; exit 1'] as const
    expect(await endedEarly(command, { ready, readyWithin: '15s' })).toMatch(
      /has ended before it was ready \(exit code 1\)[\s\S]*bad/,
    )
  })
})
