import { describe, expect, test } from 'vitest'
import type { Hook } from '../../src/engine/hook.ts'
import { formatPlan, type PlannedHook } from '../../src/engine/plan.ts'
import type { Shutdown } from '../../src/shutdown.ts'
import { VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

const never = () => new Promise(() => {})

const HOOKS = [
  { name: 'http', phase: 'drain' },
  { name: 'jobs', phase: 'drain', timeout: '3s' },
  { name: 'between', priority: 250 },
  { name: 'events', phase: 'flush', reserve: '2s' },
  { name: 'postgres', phase: 'close' },
] satisfies Omit<Hook, 'run'>[]

/** A shutdown of ten seconds with these hooks, each of which does this. */
function planned(run: Hook['run'], options = {}) {
  const world = virtualShutdown({ grace: '10s', log: false, ...options })
  // In reverse: the plan has to sort them.
  for (const hook of [...HOOKS].reverse()) world.shutdown.add({ ...hook, run })
  return world
}

const hooksIn = (shutdown: Shutdown) => shutdown.plan().phases.flatMap(({ hooks }) => hooks)
const namesIn = (shutdown: Shutdown) => hooksIn(shutdown).map(({ name }) => name)

describe('a plan', () => {
  test('has the hooks in the order in which they run, and runs none of them', () => {
    let ran = 0
    const { shutdown, clock, process } = planned(() => ran++)
    expect(shutdown.plan().phases.map(({ name, hooks }) => [name, hooks.length])).toEqual([
      ['drain', 2],
      ['priority 250', 1],
      ['flush', 1],
      ['close', 1],
    ])
    expect(namesIn(shutdown)).toEqual(['jobs', 'http', 'between', 'events', 'postgres'])
    expect({ ran, begun: shutdown.signal.aborted, timers: clock.pending }).toEqual({
      ran: 0,
      begun: false,
      timers: 0,
    })
    expect(process.listeners).toEqual([])
  })

  test('gives the limits of a shutdown in which no hook takes any time', async () => {
    const { shutdown } = planned(() => {})
    const plan = hooksIn(shutdown)
    const { phases } = await shutdown.now()
    expect(plan.map(({ name, atMost }) => [name, atMost])).toEqual(
      phases.flatMap(({ hooks }) => hooks.map(({ name, limit }) => [name, limit])),
    )
    expect(shutdown.plan().phases).toEqual([])
  })

  test('gives the limits of a shutdown in which every hook hangs, and when each is cut off', async () => {
    const { shutdown, clock } = planned(never)
    const plan = new Map(hooksIn(shutdown).map((hook) => [hook.name, hook]))
    const reserves = shutdown.plan().phases.map(({ reserve }) => reserve)
    const ended = shutdown.now()
    await clock.advance(9000)
    const { phases } = await ended
    for (const { name, limit, ended } of phases.flatMap(({ hooks }) => hooks)) {
      const { atLeast = 0, endsBy } = plan.get(name) ?? {}
      // Here no timer fires late; a plan expects 10 ms at each phase.
      expect(limit - atLeast).toBeGreaterThanOrEqual(0)
      expect(limit - atLeast).toBeLessThanOrEqual(30)
      expect(ended).toBe(endsBy)
    }
    expect(plan.get('events')?.atLeast).toBe(2000)
    expect(phases.map(({ reserve }) => reserve)).toEqual(reserves)
  })

  test('holds what is still to come during the shutdown', async () => {
    const { shutdown, clock } = planned(never)
    void shutdown.now()
    expect(namesIn(shutdown)).toEqual(['between', 'events', 'postgres'])
    const before = hooksIn(shutdown)
    await clock.advance(5000)
    const after = hooksIn(shutdown)
    expect(after).toEqual([
      { name: 'between', atLeast: 450, atMost: 1080, endsBy: 6080 },
      { name: 'events', atLeast: 2000, atMost: 3090, endsBy: 8090 },
      { name: 'postgres', atLeast: 900, atMost: 4000, endsBy: 9000 },
    ])
    expect(after.map(({ atMost }) => atMost)).toEqual(before.map(({ atMost }) => atMost - 5000))
    // What is running may still take the time that it was given.
    const others = ({ atMost, ...rest }: PlannedHook) => rest
    expect(after.map(others)).toEqual(before.map(others))
    await clock.advance(620)
    expect(namesIn(shutdown)).toEqual(['events', 'postgres'])
  })

  test('follows what is added and removed', () => {
    const { shutdown } = planned(never)
    const before = JSON.stringify(shutdown.plan())
    const remove = shutdown.add({ name: 'metrics', phase: 'flush', reserve: '1s', run: never })
    expect(namesIn(shutdown)).toContain('metrics')
    remove()
    expect(JSON.stringify(shutdown.plan())).toBe(before)
  })

  test('is frozen plain data', () => {
    const plan = planned(never).shutdown.plan()
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    expect(Object.isFrozen(plan.phases[0]?.hooks[0])).toBe(true)
  })

  test('of a shutdown without hooks is empty', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    expect(shutdown.plan()).toMatchObject({
      grace: 10_000,
      margin: 1000,
      deadline: 9000,
      phases: [],
    })
  })
})

describe('formatPlan', () => {
  test('has a line for each hook', () => {
    const { shutdown } = planned(never)
    expect(`\n${formatPlan(shutdown.plan())}\n`).toBe(`
deadline 9 s = grace 10 s − margin 1 s
  phase         hook      at least  at most  over by
  drain (400)   jobs           3 s      3 s      3 s
                http        5.62 s   5.62 s   5.62 s
  priority 250  between     450 ms   6.08 s   6.08 s
  flush (200)   events         2 s   8.09 s   8.09 s
  close (100)   postgres    900 ms      9 s      9 s
`)
  })

  test('aligns names of wide characters, and lets no name control the terminal', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    for (const name of ['注文', 'a\u001b[2Jb'])
      shutdown.add({ name, phase: 'close', run: () => {} })
    expect(formatPlan(shutdown.plan()).split('\n').slice(2)).toEqual([
      '  close (100)  注文       9 s      9 s      9 s',
      '               ab         9 s      9 s      9 s',
    ])
  })

  test('names the platform where it is known, and works without hooks', () => {
    const process = new VirtualProcess()
    process.env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
    const { shutdown } = virtualShutdown({}, { process })
    expect(formatPlan(shutdown.plan())).toBe(
      `deadline 28 s = grace 30 s (kubernetes) − margin 2 s\n  phase  hook  at least  at most  over by`,
    )
  })
})
