import { describe, expect, test } from 'vitest'
import { TimeoutError } from '../../src/base/errors.ts'
import type { Report } from '../../src/engine/report.ts'
import { type TaskContext, Tracker } from '../../src/workers/task-tracker.ts'
import { VirtualClock, virtualShutdown } from '../support/hooks/virtual.ts'

const never = () => new Promise<never>(() => {})

/** A tracker in a shutdown of its own, both on one clock that the test moves. */
function tracked(options: ConstructorParameters<typeof Tracker>[0] = {}) {
  const world = virtualShutdown({ grace: '10s' })
  const jobs = new Tracker(options, world.clock)
  world.shutdown.add(jobs)
  return { ...world, jobs }
}

function hooksOf(report: Report) {
  return report.phases.flatMap((phase) => phase.hooks)
}

describe('what never settles', () => {
  test('is cut off at the limit and named with its age, and the next phase begins', async () => {
    const { jobs, shutdown, clock, process } = tracked({ timeout: '2s' })
    const flushed: number[] = []
    shutdown.add({ name: 'events', phase: 'flush', run: () => flushed.push(clock.now()) })
    async function resize() {
      await never()
    }
    void jobs.run(resize)
    await clock.advance(1200)
    const run = shutdown.now()
    await clock.advance(5000)
    const report = await run
    expect(report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    expect(hooksOf(report)).toMatchObject([
      {
        name: 'tasks',
        status: 'cut off',
        limit: 2000,
        error: { name: 'TimeoutError', code: 'LASTCALL_HOOK_TIMEOUT' },
        notes: ['cut off: resize, 3.2 s old'],
      },
      { name: 'events', status: 'done' },
    ])
    expect(flushed).toEqual([3200])
    expect(process.output).toContain(
      "\nlastcall: hook 'tasks' (stop) was cut off after 2 s\n  cut off: resize, 3.2 s old\n",
    )
  })

  test('is called by the name that it was given, by its function, or a task', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    void jobs.run(never, { name: 'mail 7' })
    void jobs.run(never)
    void jobs.run(() => never())
    void jobs.run(never, { name: '' })
    const run = shutdown.now()
    await clock.advance(1000)
    expect(hooksOf(await run)[0]?.notes).toEqual([
      'cut off: mail 7, 1 s old',
      'cut off: never, 1 s old',
      'cut off: task, 1 s old',
      'cut off: never, 1 s old',
    ])
  })

  test('is named up to ten times, the oldest first, and counted beyond', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    for (let n = 1; n <= 12; n++) {
      void jobs.run(never, { name: `job ${n}` })
      await clock.advance(100)
    }
    const run = shutdown.now()
    await clock.advance(1000)
    const notes = hooksOf(await run)[0]?.notes ?? []
    expect(notes).toHaveLength(11)
    expect(notes[0]).toBe('cut off: job 1, 2.2 s old')
    expect(notes[9]).toBe('cut off: job 10, 1.3 s old')
    expect(notes[10]).toBe('cut off: 2 tasks more')
  })

  test('is notified by its signal, with a TimeoutError, at the limit and not before', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    const signals: AbortSignal[] = []
    for (let n = 0; n < 2; n++) {
      void jobs.run(({ signal }) => {
        signals.push(signal)
        return never()
      })
    }
    const run = shutdown.now()
    await clock.advance(999)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
    await clock.advance(1)
    await run
    for (const signal of signals) {
      expect(signal.reason).toBeInstanceOf(TimeoutError)
      expect(signal.reason).toMatchObject({ name: 'TimeoutError', code: 'LASTCALL_HOOK_TIMEOUT' })
    }
  })

  test('is notified also where it reads its signal only afterwards', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    let context: TaskContext | undefined
    void jobs.run((given) => {
      context = given
      return never()
    })
    const run = shutdown.now()
    await clock.advance(1000)
    await run
    expect(context?.signal.aborted).toBe(true)
    expect(context?.signal.reason).toBeInstanceOf(TimeoutError)
  })

  test('never aborts the signal of a task that has settled', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    let signal: AbortSignal | undefined
    await jobs.run((context) => {
      signal = context.signal
    })
    void jobs.run(never)
    const run = shutdown.now()
    await clock.advance(1000)
    await run
    expect(signal?.aborted).toBe(false)
  })

  test('and then does settle, late, settles its promise and leaves the tracker', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    const late = jobs.run(() => clock.sleep(3000).then(() => 'late'))
    const run = shutdown.now()
    await clock.advance(1000)
    expect((await run).outcome).toBe('cut off')
    expect(jobs.size).toBe(1)
    await clock.advance(2000)
    expect(await late).toBe('late')
    expect(jobs.size).toBe(0)
  })
})

describe('what settles at the limit', () => {
  test('in the very millisecond of it counts as done', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    void jobs.run(() => clock.sleep(1000))
    const run = shutdown.now()
    await clock.advance(1000)
    expect(hooksOf(await run)[0]).toMatchObject({ status: 'done', notes: [] })
  })

  test('a millisecond later is cut off', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    void jobs.run(() => clock.sleep(1001), { name: 'late' })
    const run = shutdown.now()
    await clock.advance(1001)
    expect(hooksOf(await run)[0]).toMatchObject({
      status: 'cut off',
      notes: ['cut off: late, 1 s old'],
    })
  })

  test('because its signal aborted is cut off all the same, for it did not end its work', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    const obedient = jobs.run(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    )
    obedient.catch(() => {})
    const run = shutdown.now()
    await clock.advance(1000)
    expect(hooksOf(await run)[0]?.status).toBe('cut off')
    await expect(obedient).rejects.toBeInstanceOf(TimeoutError)
    expect(jobs.size).toBe(0)
  })
})

describe('the timeout of a task', () => {
  test('aborts its signal with a TimeoutError that names it, long before any shutdown', async () => {
    const clock = new VirtualClock()
    const jobs = new Tracker({}, clock)
    let signal: AbortSignal | undefined
    const run = (context: TaskContext) => {
      signal = context.signal
      return never()
    }
    void jobs.run(run, { name: 'mail 7', timeout: '500ms' })
    await clock.advance(499)
    expect(signal?.aborted).toBe(false)
    await clock.advance(1)
    expect(signal?.reason).toBeInstanceOf(TimeoutError)
    expect(String(signal?.reason)).toContain("Task 'mail 7' has taken longer than 500 ms")
    // Its signal has aborted and it has not stopped: it is still in flight.
    expect(jobs.size).toBe(1)
  })

  test('leaves no timer behind when the task settles first, however it does', async () => {
    const clock = new VirtualClock()
    const jobs = new Tracker({}, clock)
    const timeout = '60m'
    await jobs.run(() => 1, { timeout })
    await jobs.run(() => Promise.reject(new Error('boom')), { timeout }).catch(() => {})
    const thrower = () => {
      throw new Error('boom')
    }
    await jobs.run(thrower, { timeout }).catch(() => {})
    expect(clock.pending).toBe(0)
  })

  test('that has passed keeps its own reason where the shutdown cuts the task off later', async () => {
    const { jobs, shutdown, clock } = tracked({ timeout: '1s' })
    let signal: AbortSignal | undefined
    void jobs.run(
      (context) => {
        signal = context.signal
        return never()
      },
      { name: 'mail 7', timeout: 100 },
    )
    const run = shutdown.now()
    await clock.advance(1000)
    expect(hooksOf(await run)[0]?.notes).toEqual(['cut off: mail 7, 1 s old'])
    expect(String(signal?.reason)).toContain("Task 'mail 7'")
  })
})

describe('the limit of a tracker', () => {
  test('without a timeout is what the budget leaves, less what comes after it', async () => {
    const { jobs, shutdown, clock } = tracked()
    shutdown.add({ name: 'events', phase: 'flush', reserve: '4s', run: () => {} })
    void jobs.run(never)
    const run = shutdown.now()
    await clock.advance(10_000)
    expect(hooksOf(await run)[0]).toMatchObject({ name: 'tasks', limit: 9000 - 4000 - 10 })
  })

  test('with a reserve is not eaten by a drain that hangs', async () => {
    const { jobs, shutdown, clock } = tracked({ reserve: '6s' })
    shutdown.add({ name: 'http', phase: 'drain', run: never })
    void jobs.run(() => clock.sleep(8900))
    const run = shutdown.now()
    await clock.advance(10_000)
    expect(hooksOf(await run)).toMatchObject([
      { name: 'http', status: 'cut off', limit: 9000 - 6000 - 10 },
      { name: 'tasks', status: 'done' },
    ])
  })
})

test('a refused task leaves no timer behind', async () => {
  const { shutdown, clock } = virtualShutdown({ exit: false })
  const jobs = new Tracker({}, clock)
  shutdown.add(jobs)
  await shutdown.now()
  await jobs.run(() => {}, { timeout: '60m' }).catch(() => {})
  expect(clock.pending).toBe(0)
})

test('a tracker that two shutdowns have lets both of them end when it is empty', async () => {
  const clock = new VirtualClock()
  const worlds = [1, 2].map(() => virtualShutdown({ grace: '10s' }, { clock }))
  const jobs = new Tracker({}, clock)
  for (const { shutdown } of worlds) shutdown.add(jobs)
  void jobs.run(() => clock.sleep(100))
  const runs = worlds.map(({ shutdown }) => shutdown.now())
  await clock.advance(20_000)
  const reports = await Promise.all(runs)
  expect(reports.map(({ outcome, duration }) => [outcome, duration])).toEqual([
    ['clean', 100],
    ['clean', 100],
  ])
})

test('a task may be named when it is known what it is', async () => {
  const { shutdown, clock, jobs } = tracked()
  const work = (task: TaskContext) => {
    task.name = 'mail 7'
    return never()
  }
  void jobs.run(work)
  const over = shutdown.now()
  await clock.advance(10_000)
  expect(hooksOf(await over)[0]?.notes).toEqual([expect.stringMatching(/^cut off: mail 7, /)])
})
