import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { LastcallError } from '../../../src/base/errors.ts'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { needRealTimers } from '../../../src/testing/real/real-timers.ts'
import { listener } from './programs.ts'

const PROGRAM = listener(['SIGTERM'], 'process.exit(0)')

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('fake timers of the runner', () => {
  test.each([
    'setTimeout',
    'setInterval',
    'setImmediate',
    'Date',
    'performance',
    'queueMicrotask',
    'hrtime',
  ] as const)('do not change a stop: %s', async (name) => {
    vi.useFakeTimers({ toFake: [name] })
    const stopped = await stopLikeDocker(PROGRAM, { ready: 'ready' })
    expect(stopped).toMatchObject({ code: 0, killed: false })
  })
})

test('a fake process.nextTick() is refused at once, before a program is started', async () => {
  const waiting: (() => void)[] = []
  // As sinon.useFakeTimers() does. A fork of vitest does not let vi.useFakeTimers() replace it.
  vi.spyOn(process, 'nextTick').mockImplementation((run, ...args) => {
    waiting.push(() => run(...args))
  })
  const { code, message } = await needRealTimers().then(
    () => new LastcallError('LASTCALL_ENDED', 'was accepted'),
    (error) => error as LastcallError,
  )
  vi.restoreAllMocks()
  for (const run of waiting) run()
  expect(code).toBe('LASTCALL_FAKE_TIMERS')
  expect(message).toBe(
    "A real program cannot be stopped on these fake timers: process.nextTick() is fake, and the child processes of Node need it. Leave it out of what they replace, for example sinon.useFakeTimers({ toFake: ['setTimeout', 'Date'] }), or restore the timers before.",
  )
})

test('real timers are accepted, also on a machine that is busy', async () => {
  const busy = new EventEmitter()
  busy.on('turn', () => {
    const until = performance.now() + 3
    while (performance.now() < until);
  })
  const timer = setInterval(() => busy.emit('turn'), 1)
  for (let n = 0; n < 20; n++) await needRealTimers()
  clearInterval(timer)
})
