import { describe, expect, test } from 'vitest'
import { createTestShutdown } from '../src/testing/index.ts'

const NEVER = () => new Promise(() => {})

/** A shutdown whose environment has set the grace; its output is what it has written to stderr. */
function environment(env: Record<string, string>, options = {}) {
  return createTestShutdown({ env, ...options })
}

describe('a grace of the environment', () => {
  test.each([
    ['30s', 30_000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['250ms', 250],
    ['5000', 5000],
    ['5000.5', 5000.5],
  ])('may be LASTCALL_GRACE=%s: %d ms', async (LASTCALL_GRACE, grace) => {
    const { shutdown, output } = environment({ LASTCALL_GRACE })
    expect(output).toBe('')
    expect((await shutdown.now()).grace).toBe(grace)
  })

  test.each([
    [{ LASTCALL_GRACE: '1' }, '1 ms (from LASTCALL_GRACE)', 0.5],
    [{ LASTCALL_GRACE: '100' }, '100 ms (from LASTCALL_GRACE)', 50],
    [{ LASTCALL_GRACE: '199' }, '199 ms (from LASTCALL_GRACE)', 99.5],
    [{ pm_id: '0', kill_timeout: '50' }, '50 ms (pm2)', 25],
  ])(
    'that is too short for a margin is used as far as it goes, with a warning: %o',
    async (env, name, deadline) => {
      const test = environment(env)
      expect(test.output).toContain(
        `lastcall: The grace of ${name} is too short for a margin of 100 ms`,
      )
      test.shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
      expect(await test.shutdown.now()).toMatchObject({ outcome: 'clean', deadline })
    },
  )

  test('that is long enough for a margin of 100 ms leaves it whole, without a word', () => {
    const test = environment({ LASTCALL_GRACE: '200' })
    expect(test.output).toBe('')
    expect(test.shutdown.plan()).toMatchObject({ grace: 200, margin: 100 })
  })

  test('that is shorter than the margin that the application gives is used, with a warning', () => {
    const test = environment({ pm_id: '0', kill_timeout: '1000' }, { margin: '2s' })
    expect(test.output).toContain('is too short for a margin of 2 s: the hooks have 500 ms')
    expect(test.shutdown.plan()).toMatchObject({ grace: 1000, margin: 500 })
  })

  test('that is too short for the reserves refuses no hook: the later phases keep theirs', async () => {
    const test = environment({ pm_id: '0', kill_timeout: '1600' })
    test.shutdown.add({ name: 'jobs', phase: 'stop', reserve: '1s', run: NEVER })
    expect(test.output).toBe('')
    const order: string[] = []
    const flush = () => test.sleep('500ms').then(() => void order.push('flushed'))
    test.shutdown.add({ name: 'events', phase: 'flush', reserve: '1s', run: flush })
    test.shutdown.add({ name: 'pool', phase: 'close', run: () => void order.push('closed') })
    expect(test.output).toContain(
      'lastcall: The reserves add up to 2 s (stop 1 s + flush 1 s), more than the budget of 1.44 s',
    )
    const ended = test.shutdown.now()
    await test.advance('2s')
    expect(await ended).toMatchObject({ outcome: 'cut off' })
    expect(order).toEqual(['flushed', 'closed'])
  })

  test('that is too short for the reserve of a phase stops no start', () => {
    const phases = { 'warm-down': { priority: 350, reserve: '5s' } } as const
    expect(() => environment({ pm_id: '0' }, { phases })).not.toThrow()
    expect(() => createTestShutdown({ grace: '1600ms', phases })).toThrow('at most the budget')
  })

  test.each(['soon', '30 s', '-5', '0', '1e99', 'Infinity'])(
    'that is no duration is not used, with a warning: LASTCALL_GRACE=%s',
    (LASTCALL_GRACE) => {
      const { shutdown, output } = environment({ LASTCALL_GRACE })
      expect(output).toBe(
        `lastcall: LASTCALL_GRACE is '${LASTCALL_GRACE}', which is no duration: the grace is 10 s (the default). Write milliseconds, or a duration such as 30s.\n`,
      )
      expect(shutdown.platform.grace).toBe(10_000)
    },
  )

  test('is of no interest where the application gives a grace', () => {
    expect(environment({ LASTCALL_GRACE: 'soon' }, { grace: '5s' }).output).toBe('')
  })
})
