import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { LastcallError } from '../../src/base/errors.ts'
import { Tracker, taskTracker } from '../../src/workers/task-tracker.ts'
import { settle, VirtualClock, virtualShutdown } from '../support/hooks/virtual.ts'

const never = () => new Promise<never>(() => {})

/** A tracker in a shutdown of its own, both on one clock that the test moves. */
function tracked(options: ConstructorParameters<typeof Tracker>[0] = {}) {
  const world = virtualShutdown({ grace: '10s' })
  const jobs = new Tracker(options, world.clock)
  world.shutdown.add(jobs)
  return { ...world, jobs }
}

/** A promise, and the way to settle it. */
function deferred() {
  let done = () => {}
  const promise = new Promise<void>((resolve) => {
    done = resolve
  })
  return { promise, done }
}

describe('run() settles as the work does:', () => {
  test('with what it returns', async () => {
    expect(await taskTracker().run(() => 7)).toBe(7)
    expect(await taskTracker().run(() => undefined)).toBeUndefined()
  })

  test('with what its promise resolves with, or whatever else is thenable', async () => {
    const jobs = taskTracker()
    // biome-ignore lint/suspicious/noThenProperty: run() has to wait for any thenable, and a Promise would not prove that
    const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') }
    expect(await jobs.run(async () => 'a promise')).toBe('a promise')
    expect(await jobs.run(() => thenable)).toBe('thenable')
    expect(jobs.size).toBe(0)
  })

  test('with the very error that its promise rejects with', async () => {
    const error = new Error('boom')
    const jobs = taskTracker()
    await expect(jobs.run(() => Promise.reject(error))).rejects.toBe(error)
    expect(jobs.size).toBe(0)
  })

  test('with what it throws before it has returned, as a rejection', async () => {
    const jobs = taskTracker()
    const run = jobs.run(() => {
      throw 'not even an error'
    })
    await expect(run).rejects.toBe('not even an error')
    expect(jobs.size).toBe(0)
  })

  test('and the work begins at once, before run() returns', () => {
    const order: string[] = []
    void taskTracker().run(() => order.push('work'))
    order.push('run() has returned')
    expect(order).toEqual(['work', 'run() has returned'])
  })
})

describe('a tracker counts', () => {
  test('what is in flight, from its begin until it has settled', async () => {
    const jobs = taskTracker()
    const [a, b] = [deferred(), deferred()]
    const runs = [jobs.run(() => a.promise), jobs.run(() => b.promise)]
    expect(jobs.size).toBe(2)
    a.done()
    await runs[0]
    expect(jobs.size).toBe(1)
    b.done()
    await runs[1]
    expect(jobs.size).toBe(0)
  })

  test('the same function as often as it runs', () => {
    const jobs = taskTracker()
    for (let n = 0; n < 3; n++) void jobs.run(never)
    expect(jobs.size).toBe(3)
  })

  test('a task within a task, and is done when both are', async () => {
    const { jobs, shutdown } = tracked()
    const inner = deferred()
    const outer = jobs.run(() => jobs.run(() => inner.promise))
    expect(jobs.size).toBe(2)
    const run = shutdown.now()
    await settle()
    expect(shutdown.report).toBeUndefined()
    inner.done()
    await outer
    expect((await run).outcome).toBe('clean')
  })

  test('nothing that it could not begin, for want of a function or of options that are right', async () => {
    const jobs = taskTracker()
    const refused = { code: 'LASTCALL_INVALID_OPTION' }
    for (const work of [undefined, null, 'work', 7, {}, Promise.resolve()]) {
      await expect(jobs.run(work as never)).rejects.toMatchObject(refused)
    }
    for (const options of [null, 7, [], { names: 'x' }, { name: 7 }, { timeout: 'soon' }]) {
      const run = jobs.run(() => expect.unreachable(), options as never)
      await expect(run).rejects.toMatchObject(refused)
    }
    await expect(jobs.run(() => {}, { timeout: 0 })).rejects.toMatchObject(refused)
    expect(jobs.size).toBe(0)
  })

  test('no task that is over: its work and its result can be collected', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const jobs = taskTracker()
    const seen: WeakRef<object>[] = []
    const one = async () => {
      const result = { large: new Array(1000) }
      const work = () => result
      seen.push(new WeakRef(work), new WeakRef(result))
      await jobs.run(work, { timeout: '60m' })
    }
    for (let n = 0; n < 100; n++) await one()
    await settle()
    collect()
    // The last one may still stand on the stack.
    expect(seen.filter((ref) => ref.deref()).length).toBeLessThanOrEqual(2)
  })
})

describe('once its phase has begun, a tracker', () => {
  test('refuses work, and does not begin it, with an error of a code of its own', async () => {
    const { jobs, shutdown } = tracked({ name: 'mails' })
    await shutdown.now()
    expect(jobs.isClosed).toBe(true)
    const error = await jobs.run(() => expect.unreachable(), { name: 'mail 7' }).catch((e) => e)
    expect(error).toBeInstanceOf(LastcallError)
    expect(error.code).toBe('LASTCALL_TASK_REFUSED')
    expect(error.message).toContain("'mails'")
    expect(error.message).toContain("'mail 7'")
    expect(jobs.size).toBe(0)
  })

  test('refuses work of a task in flight, too, which may catch that', async () => {
    const { jobs, shutdown } = tracked()
    const gate = deferred()
    const outer = jobs.run(async () => {
      await gate.promise
      return jobs.run(() => 'begun').catch((error) => error.code)
    })
    const run = shutdown.now()
    await settle()
    gate.done()
    expect(await outer).toBe('LASTCALL_TASK_REFUSED')
    expect((await run).outcome).toBe('clean')
  })

  test('is done at once where nothing is in flight', async () => {
    const { shutdown } = tracked()
    const report = await shutdown.now()
    expect(report).toMatchObject({ outcome: 'clean', duration: 0 })
    expect(report.phases[0]).toMatchObject({
      name: 'stop',
      hooks: [{ name: 'tasks', status: 'done', notes: [] }],
    })
  })

  test('is done when the last one in flight has settled, whether well or not', async () => {
    const { jobs, shutdown, clock } = tracked()
    void jobs.run(() => clock.sleep(100))
    void jobs.run(() => clock.sleep(300)).then(() => 'never read')
    const failed = jobs.run(async () => {
      await clock.sleep(200)
      throw new Error('boom')
    })
    failed.catch(() => {})
    const run = shutdown.now()
    await clock.advance(1000)
    expect(await run).toMatchObject({ outcome: 'clean', duration: 300, exitCode: 0 })
    await expect(failed).rejects.toThrow('boom')
  })
})

describe('before its phase, a tracker takes work', () => {
  test('of a request in flight, and waits for it', async () => {
    const { jobs, shutdown, clock } = tracked()
    let handedIn: Promise<string> | undefined
    shutdown.add({
      name: 'http',
      phase: 'drain',
      run: async () => {
        await clock.sleep(100)
        handedIn = jobs.run(() => clock.sleep(200).then(() => 'done'))
      },
    })
    const run = shutdown.now()
    expect(jobs.isClosed).toBe(false)
    await clock.advance(1000)
    expect(await run).toMatchObject({ outcome: 'clean', duration: 300 })
    expect(await handedIn).toBe('done')
  })

  test('of a listener that hears of the start, and of the hooks of every phase before', async () => {
    const { jobs, shutdown } = tracked()
    const begun: string[] = []
    const hand = (name: string) => void jobs.run(() => begun.push(name))
    shutdown.signal.addEventListener('abort', () => hand('signal'))
    shutdown.on('start', () => hand('start'))
    for (const phase of ['announce', 'deregister', 'unbind', 'drain']) {
      shutdown.add({ name: phase, phase, run: () => hand(phase) })
    }
    expect((await shutdown.now()).outcome).toBe('clean')
    expect(begun).toEqual(['signal', 'start', 'announce', 'deregister', 'unbind', 'drain'])
  })

  test('also where that phase is another than stop', async () => {
    const { jobs, shutdown } = tracked({ phase: 'close' })
    const begun: string[] = []
    shutdown.add({ name: 'late', phase: 'flush', run: () => jobs.run(() => begun.push('flush')) })
    const report = await shutdown.now()
    expect(begun).toEqual(['flush'])
    expect(report.phases.at(-1)).toMatchObject({ name: 'close', hooks: [{ name: 'tasks' }] })
  })
})

test('a tracker that no shutdown has goes on taking work', async () => {
  const jobs = new Tracker({}, new VirtualClock())
  expect(await jobs.run(() => 1)).toBe(1)
  expect(jobs.isClosed).toBe(false)
})

describe('taskTracker() refuses', () => {
  test.each([
    ['an option that there is not', { grace: 1 }],
    ['a name that is none', { name: '' }],
    ['a timeout without a unit', { timeout: '5' }],
    ['a timeout of 0', { timeout: 0 }],
    ['a reserve that is longer than the timeout', { timeout: '1s', reserve: '2s' }],
    ['options that are none', null],
  ])('%s, at once', (_, options) => {
    const attempt = () => taskTracker(options as never)
    expect(attempt).toThrow(expect.objectContaining({ code: 'LASTCALL_INVALID_OPTION' }))
  })
})
