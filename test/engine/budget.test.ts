import { describe, expect, test } from 'vitest'
import { budgetOf, keepReserves, limitOf, reservesOf } from '../../src/engine/budget.ts'
import type { HookContext } from '../../src/engine/hook.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'

describe('the margin', () => {
  test.each([
    [10_000, 1000],
    [30_000, 2000],
    [90_000, 2000],
    [1600, 160],
    [500, 100],
    [300, 100],
  ])('of a grace of %i ms is %i ms by default', (grace, margin) => {
    expect(budgetOf(grace, undefined)).toEqual({ grace, margin, deadline: grace - margin })
  })

  test('that is given is taken as it is', () => {
    expect(budgetOf(1000, '250ms')).toMatchObject({ margin: 250, deadline: 750 })
    expect(budgetOf(1000, 0)).toMatchObject({ margin: 0, deadline: 1000 })
  })

  test.each([
    [1000, '1s'],
    [1000, 2000],
  ])('of a grace of %i ms must be smaller than it: %s', (grace, margin) => {
    expect(() => budgetOf(grace, margin)).toThrow(/`margin` to be smaller than the grace/)
  })

  test('that does not fit says whether it was the default', () => {
    expect(() => budgetOf(100, undefined)).toThrow(
      "`grace` is 100 ms (a number is milliseconds: for 100 seconds write '100s'). Expected it to be longer than the margin of 100 ms (the default). Nothing",
    )
    expect(() => budgetOf(100, 100)).toThrow('got 100 ms. Nothing')
  })
})

describe('reserves', () => {
  test('default reserves share what the named ones leave', () => {
    const claims = [
      { named: 0, byDefault: 2000 },
      { named: 8000, byDefault: 0 },
      { named: 0, byDefault: 2000 },
    ]
    expect(reservesOf(claims, 9000)).toEqual([500, 8000, 500])
    expect(reservesOf(claims, 20_000)).toEqual([2000, 8000, 2000])
    expect(reservesOf(claims, 8000)).toEqual([0, 8000, 0])
  })

  test('are kept for later phases, with 10 ms more for each', () => {
    const claim = { named: 0, byDefault: 500 }
    const kept = keepReserves([claim, claim, claim], 9000, 1)
    expect(kept).toEqual({ reserves: [500, 500, 500], keptForLater: 1020 })
    // 1,500 ms are wanted, and of 1,000 there are 980 to share.
    expect(keepReserves([claim, claim, claim], 1000, 1).reserves).toEqual([327, 327, 327])
    expect(keepReserves([claim, claim, claim], 1000, 3).keptForLater).toBe(0)
    // After the last phase, for others' listeners, and never more than the time that is left.
    expect(keepReserves([claim], 9000, 1, 900)).toEqual({ reserves: [500], keptForLater: 910 })
    expect(keepReserves([{ named: 900, byDefault: 0 }], 1000, 1, 900).keptForLater).toBe(100)
  })

  test('a phase without one is not named among those that are too large', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    shutdown.add({ name: 'a', phase: 'drain', run: () => {} })
    expect(() => shutdown.add({ name: 'b', priority: 250, reserve: '10s', run: () => {} })).toThrow(
      /add up to 10 s \(priority 250 \('b'\) 10 s\), more than/,
    )
  })

  test('of a removed hook is kept no longer: the next largest counts', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    const flush = (name: string, others = {}) =>
      shutdown.add({ name, phase: 'flush', run: () => {}, ...others })
    const reserveOfFlush = () => shutdown.plan().phases.map(({ reserve }) => reserve)
    const removers = [
      flush('large', { reserve: '5s' }),
      flush('small', { reserve: '2s' }),
      flush('smaller', { reserve: '1s' }),
      flush('usual', { timeout: '3s' }),
      flush('brief', { timeout: '500ms' }),
    ]
    const reserves = [reserveOfFlush()]
    for (const remove of removers) {
      remove()
      reserves.push(reserveOfFlush())
    }
    expect(reserves).toEqual([[5000], [2000], [1800], [1800], [500], []])
  })

  test('of a removed hook is still kept where another hook reserves as much', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    const flush = (name: string) =>
      shutdown.add({ name, phase: 'flush', run: () => {}, reserve: '5s' })
    const remove = flush('one')
    flush('other')
    remove()
    expect(shutdown.plan().phases.map(({ reserve }) => reserve)).toEqual([5000])
  })

  test('within a phase the largest counts, across phases they add up', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    const hook = (name: string, phase: string, reserve: `${number}s`) => ({
      name,
      phase,
      reserve,
      run: () => {},
    })
    shutdown.add([hook('a', 'flush', '5s'), hook('b', 'flush', '4s'), hook('c', 'close', '4s')])
    expect(() => shutdown.add(hook('d', 'stop', '1s'))).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_RESERVES_TOO_LARGE',
        message:
          'add(): The reserves add up to 10 s (stop 1 s + flush 5 s + close 4 s), more than the budget of 9 s (grace 10 s − margin 1 s). Reserve less, or give a longer `grace` if the platform grants one.',
      }),
    )
  })

  test('that do not fit are refused with all their hooks, and removing a hook makes room', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    const hook = (name: string, phase: string) => ({
      name,
      phase,
      reserve: '5s',
      run: () => {},
    })
    const remove = shutdown.add(hook('a', 'flush'))
    expect(() => shutdown.add([hook('b', 'close'), hook('c', 'stop')])).toThrow(/reserves/)
    remove()
    shutdown.add(hook('b', 'close'))
    expect(() => shutdown.add(hook('b', 'stop'))).toThrow(/named 'b' already/)
  })

  test('a phase of the application has the reserve that it was given', async () => {
    const phases = { last: { priority: 50, reserve: '3s' } }
    const { shutdown, clock } = virtualShutdown({ grace: '10s', phases })
    shutdown.add({ name: 'hung', phase: 'drain', run: () => new Promise(() => {}) })
    shutdown.add({ name: 'last', phase: 'last', run: () => {} })
    void shutdown.now()
    await clock.advance(10_000)
    expect(shutdown.report?.phases).toMatchObject([
      { name: 'drain', hooks: [{ limit: 5990 }] },
      { name: 'last', reserve: 3000 },
    ])
  })

  test('a named reserve is available whole: the default reserves of later phases shrink', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    const hung = () => new Promise(() => {})
    shutdown.add({ name: 'http', phase: 'drain', run: hung })
    shutdown.add({ name: 'events', phase: 'flush', reserve: '8s', run: hung })
    shutdown.add({ name: 'pool', phase: 'close', run: hung })
    void shutdown.now()
    await clock.advance(9000)
    const limits = shutdown.report?.phases.map((phase) => phase.hooks[0]?.limit)
    expect(limits?.[1]).toBeGreaterThanOrEqual(8000)
    expect(limits?.[0]).toBeGreaterThan(400)
    expect(limits?.[2]).toBeGreaterThan(400)
    expect(shutdown.report?.duration).toBeLessThanOrEqual(9000)
  })

  test('a named reserve is available whole where a timer fired late: the margin makes up for it', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    let had = 0
    // The loop is busy when the limit of the drain comes, and the timer fires 200 ms late.
    const hung = ({ signal }: HookContext) =>
      new Promise(() => signal.addEventListener('abort', () => clock.block(200)))
    const flush = ({ remaining }: HookContext) => {
      had = remaining()
    }
    shutdown.add({ name: 'http', phase: 'drain', run: hung })
    shutdown.add({ name: 'events', phase: 'flush', reserve: '2s', run: flush })
    void shutdown.now()
    await clock.advance(9000)
    expect(had).toBe(2000)
  })

  test('a hook with a short timeout reserves no more than it can use', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    shutdown.add({ name: 'hung', phase: 'drain', run: () => new Promise(() => {}) })
    shutdown.add({ name: 'quick', phase: 'flush', timeout: '200ms', run: () => {} })
    void shutdown.now()
    await clock.advance(10_000)
    expect(shutdown.report?.phases[1]?.reserve).toBe(200)
  })
})

describe('the limit of a hook', () => {
  const hook = { timeout: 60_000, reserve: undefined }

  test('is what later phases leave of the time, or its own timeout', () => {
    expect(limitOf(hook, { timeLeft: 9000, keptForLater: 1000, margin: 1000 })).toBe(8000)
    expect(
      limitOf({ ...hook, timeout: 300 }, { timeLeft: 9000, keptForLater: 1000, margin: 1000 }),
    ).toBe(300)
    expect(limitOf(hook, { timeLeft: 9000, keptForLater: 8999.5, margin: 1000 })).toBe(1)
  })

  test('is nothing once the deadline has come', () => {
    expect(limitOf(hook, { timeLeft: 0, keptForLater: 0, margin: 1000 })).toBe(0)
    expect(limitOf(hook, { timeLeft: -5, keptForLater: 0, margin: 1000 })).toBe(0)
  })

  test('is its reserve where less is left, of up to half the margin', () => {
    const reserved = { timeout: 60_000, reserve: 2000 }
    expect(limitOf(reserved, { timeLeft: 2800, keptForLater: 1000, margin: 1000 })).toBe(2000)
    expect(limitOf(reserved, { timeLeft: 2000, keptForLater: 1000, margin: 1000 })).toBe(1500)
    expect(limitOf(reserved, { timeLeft: 5000, keptForLater: 1000, margin: 1000 })).toBe(4000)
  })
})
