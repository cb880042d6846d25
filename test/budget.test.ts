import { describe, expect, test } from 'vitest'
import { budgetOf, reservesOf } from '../src/budget.ts'
import type { HookContext } from '../src/hook.ts'
import { virtualShutdown } from './support/virtual.ts'

describe('the margin', () => {
  test.each([
    [10_000, 1000],
    [30_000, 2000],
    [90_000, 2000],
    [1600, 160],
    [500, 100],
    [300, 100],
  ])('of a grace of %i ms is %i ms by default', (grace, margin) => {
    expect(budgetOf(grace, undefined)).toEqual({ grace, margin, budget: grace - margin })
  })

  test('that is given is taken as it is', () => {
    expect(budgetOf(1000, '250ms')).toMatchObject({ margin: 250, budget: 750 })
    expect(budgetOf(1000, 0)).toMatchObject({ margin: 0, budget: 1000 })
  })

  test.each([
    [1000, '1s'],
    [1000, 2000],
    [100, undefined],
    [50, undefined],
  ])('of a grace of %i ms must be smaller than it: %s', (grace, margin) => {
    expect(() => budgetOf(grace, margin)).toThrow(/`margin` to be smaller than the grace/)
  })
})

describe('reserves', () => {
  test('usual ones share what is left by those that were named', () => {
    const wishes = [
      { named: 0, usual: 2000 },
      { named: 8000, usual: 0 },
      { named: 0, usual: 2000 },
    ]
    expect(reservesOf(wishes, 9000)).toEqual([500, 8000, 500])
    expect(reservesOf(wishes, 20_000)).toEqual([2000, 8000, 2000])
    expect(reservesOf(wishes, 8000)).toEqual([0, 8000, 0])
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
          'The reserves add up to 10 s (stop 1 s + flush 5 s + close 4 s), more than the budget of 9 s (grace 10 s − margin 1 s). Reserve less, or give a longer `grace` if the platform grants one.',
      }),
    )
  })

  test('that do not fit leave nothing registered, and taking one back makes room', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    const hook = (name: string, phase: string) => ({
      name,
      phase,
      reserve: '5s' as const,
      run: () => {},
    })
    const takeBack = shutdown.add(hook('a', 'flush'))
    expect(() => shutdown.add([hook('b', 'close'), hook('c', 'stop')])).toThrow(/reserves/)
    takeBack()
    shutdown.add(hook('b', 'close'))
    expect(() => shutdown.add(hook('b', 'stop'))).toThrow(/named 'b' already/)
  })

  test('a phase of the application keeps what it was given', async () => {
    const phases = { last: { priority: 50, reserve: '3s' as const } }
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

  test('a named reserve is had whole, though the usual ones of later phases had to yield', async () => {
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

  test('a named reserve is had whole where a timer fired late, from the margin', async () => {
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

  test('a short timeout needs no more kept than it can use', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    shutdown.add({ name: 'hung', phase: 'drain', run: () => new Promise(() => {}) })
    shutdown.add({ name: 'quick', phase: 'flush', timeout: '200ms', run: () => {} })
    void shutdown.now()
    await clock.advance(10_000)
    expect(shutdown.report?.phases[1]?.reserve).toBe(200)
  })
})
