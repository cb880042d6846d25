import { createTestShutdown, type TestShutdown } from 'lastcall/testing'
import { describe, expect, test } from 'vitest'
import { errorOf, rejectionOf } from '../support/hooks/error-of.ts'

/** The hooks of an application: each takes so much time. */
function addHooks({ shutdown, sleep }: Pick<TestShutdown, 'shutdown' | 'sleep'>): void {
  shutdown.add({ name: 'postgres', phase: 'close', run: () => sleep('1s') })
  shutdown.add({ name: 'events', phase: 'flush', run: () => sleep('2s') })
  shutdown.add({ name: 'jobs', phase: 'drain', run: () => sleep('6s') })
  shutdown.add({ name: 'http', phase: 'drain', run: () => sleep('4s') })
}

function listening(...options: Parameters<typeof createTestShutdown>): TestShutdown {
  const test = createTestShutdown(...options)
  test.shutdown.listen()
  return test
}

describe('a run', () => {
  test('goes through thirty seconds as the test moves the clock', async () => {
    const test = listening({ grace: '30s' })
    addHooks(test)
    await test.signal('SIGTERM')
    expect(test.order).toEqual({ began: ['jobs', 'http'], ended: [] })
    await test.advance('3s')
    expect(test.order.ended).toEqual([])
    await test.advance(1000)
    expect(test.order.ended).toEqual(['http'])
    expect({ report: test.report, code: test.exitCode }).toEqual({
      report: undefined,
      code: undefined,
    })
    await test.advance('5s')
    expect(test.order).toEqual({
      began: ['jobs', 'http', 'events', 'postgres'],
      ended: ['http', 'jobs', 'events', 'postgres'],
    })
    expect(test.report).toMatchObject({ outcome: 'clean', duration: 9000 })
    expect(test.exitCode).toBe(0)
    expect(test.output).toBe(
      [
        'lastcall: SIGTERM: shutting down; deadline 28 s (grace 30 s, set by the application)',
        "lastcall: hook 'http' (drain) done in 4 s",
        "lastcall: hook 'jobs' (drain) done in 6 s",
        "lastcall: hook 'events' (flush) done in 2 s",
        "lastcall: hook 'postgres' (close) done in 1 s",
        'lastcall: shutdown complete in 9 s: 4 hooks done',
        'lastcall: exiting with code 0\n',
      ].join('\n'),
    )
  })

  test('is over at once where no hook needs time', async () => {
    const test = listening()
    test.shutdown.add({ name: 'pool', phase: 'close', run: async () => {} })
    await test.signal('SIGINT')
    expect(test.report).toMatchObject({ duration: 0, reason: { signal: 'SIGINT' } })
    expect(test.exitCode).toBe(0)
  })

  test('cuts off what hangs, and says so', async () => {
    const test = listening({ grace: '10s' })
    test.shutdown.add({ name: 'stuck', phase: 'drain', run: () => new Promise(() => {}) })
    await test.signal('SIGTERM')
    await test.advance('10s')
    expect(test.exitCode).toBe(124)
    expect(test.output).toContain("hook 'stuck' (drain) was cut off after 9 s")
    expect(test.order).toEqual({ began: ['stuck'], ended: ['stuck'] })
  })

  test('waits for real work, while the clock stands', async () => {
    const test = listening()
    let finish = () => {}
    const work = () =>
      new Promise<void>((resolve) => {
        finish = resolve
      })
    test.shutdown.add({ name: 'real', phase: 'close', run: work })
    await test.signal('SIGTERM')
    expect(test.report).toBeUndefined()
    setTimeout(finish, 20)
    const report = await test.ended
    expect(report).toMatchObject({ outcome: 'clean', duration: 0 })
    expect(test.report).toBe(report)
    expect(test.exitCode).toBe(0)
  })

  test('starts at the same time of day everywhere, on no platform, with ten seconds', async () => {
    const test = listening()
    await test.shutdown.now('by hand')
    expect(test.report).toMatchObject({
      startedAt: '2000-01-01T00:00:00.000Z',
      grace: 10_000,
      platform: { name: 'unknown' },
      reason: { kind: 'call', note: 'by hand' },
    })
  })

  test('has hooks that are added while it is under way', async () => {
    const test = listening()
    const { shutdown } = test
    const later = { name: 'later', phase: 'drain', run: () => test.sleep('1s') }
    shutdown.add({ name: 'first', phase: 'drain', run: () => void shutdown.add(later) })
    await test.signal('SIGTERM')
    await test.advance('1s')
    expect(test.order.ended).toEqual(['first', 'later'])
  })
})

describe('the world', () => {
  test('has the environment that it is given', () => {
    const { shutdown } = createTestShutdown({ env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } })
    expect(shutdown.platform).toMatchObject({ name: 'kubernetes', grace: 30_000 })
  })

  test.each([true, false])('has a terminal, or not: %s', async (terminal) => {
    const test = listening({ terminal })
    await test.signal('SIGINT')
    expect(test.report?.reason).toEqual({ kind: 'signal', signal: 'SIGINT', terminal })
  })

  test('has a second press', async () => {
    const test = listening()
    test.shutdown.add({ name: 'slow', phase: 'drain', run: () => test.sleep('5s') })
    await test.signal('SIGINT')
    await test.signal('SIGINT') // the same press
    expect(test.exitCode).toBeUndefined()
    await test.advance('1s')
    await test.signal('SIGINT')
    expect(test.exitCode).toBe(130)
    await test.advance('10s')
    expect(test.order).toEqual({ began: ['slow'], ended: [] })
    expect(test.report).toBeUndefined()
    expect((await rejectionOf(test.ended)).message).toContain('exited with code 130')
  })

  test.each(['uncaughtException', 'unhandledRejection'] as const)('has an %s', async (origin) => {
    const test = listening()
    await test.fault(new Error('boom'), origin)
    expect(test.report).toMatchObject({ outcome: 'fault', reason: { kind: 'fault', origin } })
    expect(test.exitCode).toBe(1)
    expect(test.output).toContain('boom')
  })

  test('has messages of a parent, and those without a listener change nothing', async () => {
    const test = listening()
    await test.message({ type: 'hello' })
    expect(test.report).toBeUndefined()
    await test.message('shutdown')
    expect(test.report?.reason).toEqual({ kind: 'message', message: 'shutdown' })
  })

  test('is left as it was: no listener, no timer, no exit', async () => {
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)])
    const before = {
      code: process.exitCode,
      listeners: listeners(),
      active: process.getActiveResourcesInfo(),
    }
    const test = listening()
    addHooks(test)
    await test.signal('SIGTERM')
    await test.advance('10s')
    expect(test.exitCode).toBe(0)
    expect(process.exitCode).toBe(before.code)
    expect(listeners()).toEqual(before.listeners)
    // What the test runner had then, such as a timer, may be gone by now.
    const { active } = before
    const isNew = (kind: string) =>
      !active.includes(kind) || !active.splice(active.indexOf(kind), 1)
    expect(process.getActiveResourcesInfo().filter(isNew)).toEqual([])
  })

  test('is another one for each, and any number of them move at once', async () => {
    const worlds = Array.from({ length: 50 }, (_, n) => ({ n, test: listening({ grace: '10s' }) }))
    const ended = worlds.map(async ({ n, test }) => {
      test.shutdown.add({ name: `hook ${n}`, phase: 'drain', run: () => test.sleep(100 * n) })
      await test.signal('SIGTERM')
      await test.advance('5s')
      return test.report?.duration
    })
    expect(await Promise.all(ended)).toEqual(worlds.map(({ n }) => 100 * n))
    expect(worlds.map(({ test }) => test.exitCode)).toEqual(worlds.map(() => 0))
  })

  test('stays with exit: false, and can be stopped again by another shutdown only', async () => {
    const test = listening({ exit: false })
    await test.signal('SIGTERM')
    expect({ code: test.exitCode, outcome: test.report?.outcome }).toEqual({
      code: undefined,
      outcome: 'clean',
    })
    expect((await rejectionOf(test.signal('SIGTERM'))).code).toBe('LASTCALL_NOT_LISTENING')
  })
})

describe('what is refused', () => {
  test('a signal without a listener: it would have ended the process', async () => {
    const { signal, shutdown } = createTestShutdown()
    const early = await rejectionOf(signal('SIGTERM'))
    expect(early.code).toBe('LASTCALL_NOT_LISTENING')
    expect(early.message).toContain('To listen to it, call shutdown.listen()')
    shutdown.listen()
    expect((await rejectionOf(signal('SIGHUP'))).message).toContain('SIGTERM, SIGINT, message')
    for (const wrong of ['SIGKILL', 'SIGTREM', 15, undefined, 'message']) {
      const { code, message } = await rejectionOf(signal(wrong as never))
      expect([code, message]).toEqual([
        'LASTCALL_INVALID_OPTION',
        expect.stringContaining('`signal`'),
      ])
    }
    await signal('SIGWINCH')
    expect(shutdown.signal.aborted).toBe(false)
  })

  test('a fault without a listener', async () => {
    const test = listening({ faults: false })
    expect((await rejectionOf(test.fault(new Error('boom')))).code).toBe('LASTCALL_NOT_LISTENING')
  })

  test('anything that is sent to a process that has exited', async () => {
    const test = listening()
    await test.signal('SIGTERM')
    for (const late of [test.signal, test.message, test.fault]) {
      const { code, message } = await rejectionOf(late('SIGTERM'))
      expect(code).toBe('LASTCALL_NOT_LISTENING')
      expect(message).toContain('The process has exited with code 0')
    }
  })

  test.each([
    [null, 'options'],
    ['10s', 'options'],
    [{ env: null }, 'env'],
    [{ env: 'production' }, 'env'],
    [{ env: [] }, 'env'],
    [{ env: { LASTCALL_GRACE: 20 } }, 'env'],
    [[], 'options'],
    [{ terminal: 'yes' }, 'terminal'],
    [{ advanceTimers: true }, 'advanceTimers'],
    [{ grase: '10s' }, 'grace'],
    [{ grace: '10 s' }, 'grace'],
  ])('options that are none: %j', async (options, option) => {
    const { code, message } = errorOf(() => createTestShutdown(options as never))
    expect(code).toBe('LASTCALL_INVALID_OPTION')
    expect(message).toContain(`\`${option}\``)
  })

  test('times and origins that are none', async () => {
    const test = listening()
    for (const wrong of [
      test.advance('3 s' as never),
      test.advance(-1),
      test.advance(Number.NaN),
    ]) {
      expect((await rejectionOf(wrong)).message).toContain('`duration`')
    }
    expect(errorOf(() => test.sleep('soon' as never)).message).toContain('`duration`')
    expect((await rejectionOf(test.fault('boom', 'listener' as never))).message).toContain(
      '`origin`',
    )
  })
})
