import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Reason } from '../../src/base/reason.ts'
import type { PlatformName } from '../../src/platform/platform.ts'
import { type ChildProcessOptions, childProcessHooks } from '../../src/workers/child-process.ts'
import { type ContextOptions, contextOf } from '../support/hooks/context.ts'
import { settle, VirtualClock } from '../support/hooks/virtual.ts'

const SIGTERM: Reason = { kind: 'signal', signal: 'SIGTERM', terminal: false }
const CTRL_C: Reason = { kind: 'signal', signal: 'SIGINT', terminal: true }

/** What was sent, and when, in place of what process.kill() would have sent. */
let sent: [pid: number, signal: unknown][] = []
let isLeader = false

beforeEach(() => {
  sent = []
  isLeader = false
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    if (signal !== 0) sent.push([pid, signal])
    // It leads no group of its own.
    if (signal === 0 && pid < 0 && !isLeader) throw Object.assign(new Error(), { code: 'ESRCH' })
    return true
  })
})
afterEach(() => void vi.restoreAllMocks())

/** A child that ends when the test says so, and its hook, run with 8 s until its limit. */
function stopping(run: Partial<ContextOptions>, options: ChildProcessOptions = {}) {
  const clock = new VirtualClock()
  isLeader = options.group === true
  let undelivered: (error: Error | null) => void = () => {}
  const child = Object.assign(new EventEmitter(), {
    pid: 4_000_000,
    exitCode: null as number | null,
    signalCode: null as NodeJS.Signals | null,
    connected: true,
    send: (_: never, callback: typeof undelivered) => {
      undelivered = callback
    },
  })
  const end = (exitCode: number | null, signalCode: NodeJS.Signals | null = null) => {
    Object.assign(child, { exitCode, signalCode })
    child.emit('exit', exitCode, signalCode)
  }
  const [hook] = childProcessHooks(child, { name: 'worker', ...options }, clock)
  const { context, notes, abort } = contextOf({ clock, limit: 8000, ...run })
  const over = Promise.resolve(hook?.run(context))
  over.catch(() => {})
  const answer = (error: Error | null) => undelivered(error)
  return { abort, answer, clock, end, notes, over }
}

const SIGTERM_SENT = [4_000_000, 'SIGTERM']

describe('a child that the platform has signalled', () => {
  test.each<[string, Partial<ContextOptions>]>([
    ['Heroku', { platform: 'heroku', reason: SIGTERM }],
    ['systemd', { platform: 'systemd', reason: SIGTERM }],
    ['PM2', { platform: 'pm2', reason: SIGTERM }],
    ['one of these beside another', { platform: 'docker', also: 'systemd', reason: SIGTERM }],
    ['Ctrl-C in a terminal', { reason: CTRL_C }],
  ])('is signalled no second time before half of the time is over: %s', async (_, run) => {
    const { clock, end, over } = stopping(run)
    await clock.advance(3999)
    expect(sent).toEqual([])
    end(0)
    await over
    await clock.advance(10_000)
    expect(sent).toEqual([])
    expect(clock.pending).toBe(0)
  })

  test('is signalled all the same at half of the time, once, because the platform may not have signalled it', async () => {
    const { clock, end, over } = stopping({ platform: 'heroku', reason: SIGTERM })
    await clock.advance(4000)
    expect(sent).toEqual([SIGTERM_SENT])
    await clock.advance(3900)
    expect(sent).toEqual([SIGTERM_SENT])
    end(null, 'SIGTERM')
    await over
    expect(clock.pending).toBe(0)
  })

  test('is reminded by SIGTERM where its own signal is SIGINT, of which a second one forces the exit', async () => {
    const options = { stopSignal: 'SIGINT' } as const
    const { clock, end, over } = stopping({ reason: CTRL_C }, options)
    await clock.advance(4000)
    expect(sent).toEqual([SIGTERM_SENT])
    end(143)
    await over
  })

  test('and once more by us is killed at the limit', async () => {
    const { abort, clock, notes } = stopping({ platform: 'heroku', reason: SIGTERM })
    await clock.advance(8000)
    abort()
    expect(sent).toEqual([SIGTERM_SENT, [4_000_000, 'SIGKILL']])
    expect(notes).toEqual([expect.stringMatching(/^killed: child 'worker' .* after SIGTERM$/)])
  })

  test('is killed without a signal of ours where the limit comes first', async () => {
    const { abort, clock, notes } = stopping({ reason: CTRL_C })
    await clock.advance(1000)
    abort()
    expect(sent).toEqual([[4_000_000, 'SIGKILL']])
    expect(notes).toEqual(["killed: child 'worker' (pid 4000000), 1 s after SIGINT"])
  })

  test.each<[string, number | null, NodeJS.Signals | null]>([
    ['by that signal', null, 'SIGINT'],
    ['with what stands for that signal', 130, null],
    ['with 0', 0, null],
  ])('has ended well %s', async (_, code, signal) => {
    const { end, over } = stopping({ reason: CTRL_C })
    end(code, signal)
    await expect(over).resolves.toBeUndefined()
  })

  test('has ended badly with any other code', async () => {
    const { end, over } = stopping({ reason: CTRL_C })
    end(1)
    await expect(over).rejects.toMatchObject({ code: 'LASTCALL_CHILD_FAILED' })
  })
})

describe('a child is signalled at once', () => {
  test('by its own signal, be it SIGINT', async () => {
    stopping({ platform: 'docker', reason: SIGTERM }, { stopSignal: 'SIGINT' })
    await settle()
    expect(sent).toEqual([[4_000_000, 'SIGINT']])
  })

  test.each<[string, Partial<ContextOptions>]>([
    ['where only the process itself is signalled', { platform: 'docker', reason: SIGTERM }],
    ['on Kubernetes', { platform: 'kubernetes', reason: SIGTERM }],
    ['where nothing is known', { platform: 'unknown', reason: SIGTERM }],
    [
      'by a SIGINT that no terminal has sent',
      { reason: { kind: 'signal', signal: 'SIGINT', terminal: false } },
    ],
    ['after a call', { platform: 'heroku', reason: { kind: 'call', note: null } }],
    ['after a message', { platform: 'pm2', reason: { kind: 'message', message: 'shutdown' } }],
    [
      'after a fault',
      {
        platform: 'systemd',
        reason: { kind: 'fault', origin: 'uncaughtException', error: {} as never },
      },
    ],
  ])('%s', async (_, run) => {
    const { clock, end, over } = stopping(run)
    await settle()
    expect(sent).toEqual([SIGTERM_SENT])
    await clock.advance(7000)
    expect(sent).toEqual([SIGTERM_SENT])
    end(0)
    await over
  })

  test('after Ctrl-C where it leads a group of its own, which the terminal does not reach', async () => {
    const { end, over } = stopping({ reason: CTRL_C }, { group: true })
    await settle()
    expect(sent).toEqual([[-4_000_000, 'SIGTERM']])
    vi.mocked(process.kill).mockImplementation(() => {
      throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' })
    })
    end(null, 'SIGTERM')
    await over
  })
})

test.each<PlatformName>(['heroku', 'systemd', 'pm2'])(
  'a group of its own is signalled by %s as well, and is signalled no second time',
  async (platform) => {
    const { clock } = stopping({ platform, reason: SIGTERM }, { group: true })
    await clock.advance(3999)
    expect(sent).toEqual([])
    await clock.advance(1)
    expect(sent).toEqual([[-4_000_000, 'SIGTERM']])
  },
)

test('a message that can not be delivered is followed by the signal, as soon as that is known', async () => {
  const { answer, clock, end, over } = stopping({}, { stopMessage: 'shutdown' })
  await clock.advance(100)
  expect(sent).toEqual([])
  answer(new Error('Channel closed'))
  expect(sent).toEqual([SIGTERM_SENT])
  end(0)
  await over
})

test('a message that has been delivered is followed by nothing', async () => {
  const { answer, clock, end, over } = stopping({}, { stopMessage: 'shutdown' })
  answer(null)
  await clock.advance(7000)
  expect(sent).toEqual([])
  end(0)
  await over
})
