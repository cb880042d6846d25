import { describe, expect, test } from 'vitest'
import { AbortError, TimeoutError } from '../../src/base/errors.ts'
import type { ShutdownEvent } from '../../src/engine/events.ts'
import type { HookContext } from '../../src/engine/hook.ts'
import type { Report } from '../../src/engine/report.ts'
import { settle, virtualShutdown } from '../support/hooks/virtual.ts'

const never = () => new Promise(() => {})

function hooksOf(report: Report | undefined) {
  return Object.fromEntries(
    (report?.phases ?? []).flatMap((phase) => phase.hooks.map((hook) => [hook.name, hook])),
  )
}

describe('order', () => {
  test('phases run from the highest priority to the lowest, whatever the order of adding', async () => {
    const { shutdown } = virtualShutdown()
    const order: string[] = []
    for (const phase of ['close', 'drain', 'announce', 'flush', 'unbind', 'deregister', 'stop']) {
      shutdown.add({ name: phase, phase, run: () => order.push(phase) })
    }
    await shutdown.now()
    expect(order).toEqual(['announce', 'deregister', 'unbind', 'drain', 'stop', 'flush', 'close'])
  })

  test('a hook with a priority runs between two phases', async () => {
    const { shutdown } = virtualShutdown()
    const order: string[] = []
    shutdown.add({ name: 'stop', phase: 'stop', run: () => order.push('stop') })
    shutdown.add({ name: 'between', priority: 350, run: () => order.push('between') })
    shutdown.add({ name: 'drain', phase: 'drain', run: () => order.push('drain') })
    const report = await shutdown.now()
    expect(order).toEqual(['drain', 'between', 'stop'])
    expect(report.phases.map((phase) => phase.name)).toEqual(['drain', 'priority 350', 'stop'])
  })

  test('an application can name more phases, and move the others', async () => {
    const { shutdown } = virtualShutdown({ phases: { 'warm-down': 350, flush: 50 } })
    const order: string[] = []
    for (const phase of ['flush', 'warm-down', 'close']) {
      shutdown.add({ name: phase, phase, run: () => order.push(phase) })
    }
    await shutdown.now()
    expect(order).toEqual(['warm-down', 'close', 'flush'])
  })

  test('the hooks of one phase run concurrently, and the next phase waits for all of them', async () => {
    const { shutdown, clock } = virtualShutdown()
    const order: string[] = []
    const hook = (name: string, phase: string, milliseconds: number) => ({
      name,
      phase,
      run: async () => {
        order.push(`${name} begins`)
        await clock.sleep(milliseconds)
        order.push(`${name} ends`)
      },
    })
    shutdown.add([
      hook('slow', 'drain', 200),
      hook('quick', 'drain', 100),
      hook('next', 'stop', 10),
    ])
    void shutdown.now()
    await clock.advance(1000)
    expect(order).toEqual([
      'slow begins',
      'quick begins',
      'quick ends',
      'slow ends',
      'next begins',
      'next ends',
    ])
    expect(hooksOf(shutdown.report)).toMatchObject({
      slow: { began: 0, ended: 200 },
      quick: { began: 0, ended: 100 },
      next: { began: 200, ended: 210 },
    })
  })
})

describe('hooks that go wrong', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('boom')
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
    [
      'rejects later',
      async () => {
        await settle()
        throw new Error('boom')
      },
    ],
  ])('a hook that %s stops no other hook, and stands in the report', async (_, run) => {
    const { shutdown, process } = virtualShutdown()
    let ran = 0
    shutdown.add({ name: 'bad', phase: 'drain', run })
    shutdown.add({ name: 'beside', phase: 'drain', run: () => ran++ })
    shutdown.add({ name: 'after', phase: 'close', run: () => ran++ })
    const report = await shutdown.now()
    expect(ran).toBe(2)
    expect(hooksOf(report)).toMatchObject({
      bad: { status: 'failed', error: { name: 'Error', message: 'boom' } },
      beside: { status: 'done', error: null },
      after: { status: 'done' },
    })
    expect(report).toMatchObject({ outcome: 'failed', exitCode: 1 })
    expect(process.output).toMatch(/lastcall: hook 'bad' \(drain\) failed: Error: boom\n +at /)
  })

  test.each([undefined, null, 'text', 42, { message: 'not an Error' }, Object.create(null)])(
    'whatever a hook throws is described: %s',
    async (thrown) => {
      const { shutdown } = virtualShutdown()
      shutdown.add({ name: 'bad', phase: 'drain', run: () => Promise.reject(thrown) })
      const report = await shutdown.now()
      expect(hooksOf(report).bad?.status).toBe('failed')
      expect(hooksOf(report).bad?.error?.message).toEqual(expect.any(String))
    },
  )

  test('a hook that never settles is cut off at its own timeout; its signal fires with a TimeoutError', async () => {
    const { shutdown, clock } = virtualShutdown()
    let context: HookContext | undefined
    shutdown.add({
      name: 'hung',
      phase: 'drain',
      timeout: '1.5s',
      run: (given) => {
        context = given
        return never()
      },
    })
    void shutdown.now()
    await clock.advance(1499)
    expect(context?.signal.aborted).toBe(false)
    expect(context?.remaining()).toBe(1)
    await clock.advance(1)
    expect(context?.signal.aborted).toBe(true)
    expect(context?.remaining()).toBe(0)
    expect(context?.signal.reason).toBeInstanceOf(TimeoutError)
    expect(context?.signal.reason).toMatchObject({
      name: 'TimeoutError',
      code: 'LASTCALL_HOOK_TIMEOUT',
      message: "Hook 'hung' was cut off after 1.5 s",
    })
    expect(hooksOf(shutdown.report).hung).toMatchObject({
      status: 'cut off',
      ended: 1500,
      limit: 1500,
    })
    expect(shutdown.report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
  })

  test('what an error was caused by stands in the report and on stderr, and a circle ends', async () => {
    const { shutdown, process } = virtualShutdown()
    const circle = new Error('circle')
    circle.cause = circle
    const all = new AggregateError([new Error('one'), new Error('two')], 'both', { cause: circle })
    shutdown.add({ name: 'bad', phase: 'drain', run: () => Promise.reject(all) })
    const report = await shutdown.now()
    expect(hooksOf(report).bad?.error).toMatchObject({
      message: 'both',
      errors: [{ message: 'one' }, { message: 'two' }],
      cause: { message: 'circle', cause: { message: 'circle' } },
    })
    expect(process.output).toMatch(/one of them: Error: one[\s\S]*caused by: Error: circle/)
    expect(() => JSON.stringify(report)).not.toThrow()
  })

  test('a hook that rejects with another TimeoutError has failed, and was not cut off', async () => {
    const { shutdown } = virtualShutdown()
    const error = new DOMException('too slow', 'TimeoutError')
    shutdown.add({ name: 'fetch', phase: 'drain', run: () => Promise.reject(error) })
    expect((await shutdown.now()).outcome).toBe('failed')
  })

  test('a hook that was cut off may reject later without harm', async () => {
    const { shutdown, clock } = virtualShutdown()
    const run = ({ signal }: HookContext) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => clock.setTimeout(() => reject(signal.reason), 50)),
      )
    shutdown.add({ name: 'late', phase: 'drain', timeout: 100, run })
    void shutdown.now()
    await clock.advance(1000)
    expect(shutdown.report?.outcome).toBe('cut off')
  })
})

describe('the budget', () => {
  test('a hung drain cannot starve a flush that has a reserve: the flush has all of it, and the shutdown ends by the deadline', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    const flushed = { after: 0 }
    shutdown.add({ name: 'http', phase: 'drain', run: never })
    shutdown.add({
      name: 'events',
      phase: 'flush',
      reserve: '2s',
      run: async () => {
        const began = clock.now()
        await clock.sleep(2000)
        flushed.after = clock.now() - began
      },
    })
    void shutdown.now()
    await clock.advance(9000)
    expect(flushed.after).toBe(2000)
    expect(hooksOf(shutdown.report)).toMatchObject({
      http: { status: 'cut off' },
      events: { status: 'done' },
    })
    expect(shutdown.report?.duration).toBeLessThanOrEqual(9000)
    expect(shutdown.report).toMatchObject({ grace: 10_000, margin: 1000, deadline: 9000 })
  })

  test('with every hook hung each phase still has its default reserve, and all are over by the deadline', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    const phases = ['announce', 'deregister', 'unbind', 'drain', 'stop', 'flush', 'close']
    for (const phase of phases) shutdown.add({ name: phase, phase, run: never })
    void shutdown.now()
    await clock.advance(9000)
    const hooks = Object.values(hooksOf(shutdown.report))
    expect(hooks.map((hook) => hook.status)).toEqual(phases.map(() => 'cut off'))
    const times = Object.fromEntries(hooks.map((hook) => [hook.name, hook.limit]))
    expect(times.deregister).toBeGreaterThanOrEqual(900)
    expect(times.unbind).toBeGreaterThanOrEqual(450)
    expect(times.drain).toBeGreaterThanOrEqual(900)
    expect(times.stop).toBeGreaterThanOrEqual(900)
    expect(times.flush).toBeGreaterThanOrEqual(1800)
    expect(times.close).toBeGreaterThanOrEqual(900)
    expect(shutdown.report?.duration).toBeLessThanOrEqual(9000)
  })

  test('once the deadline has passed a hook is named as cut off, and not begun', async () => {
    const { shutdown, clock, process } = virtualShutdown({ grace: '2s' })
    let ran = false
    shutdown.add({ name: 'blocks', phase: 'drain', run: () => clock.block(5000) })
    shutdown.add({
      name: 'too late',
      phase: 'close',
      run: () => {
        ran = true
      },
    })
    const report = await shutdown.now()
    expect(ran).toBe(false)
    expect(hooksOf(report)['too late']).toMatchObject({ status: 'cut off', began: null, limit: 0 })
    expect(report.exitCode).toBe(124)
    expect(process.output).toContain("hook 'too late' (close) never ran")
  })

  test('the context has the deadline as a time of day', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    let deadline = 0
    shutdown.add({
      name: 'a',
      phase: 'drain',
      run: (context) => {
        deadline = context.deadline
      },
    })
    const began = clock.date()
    await shutdown.now()
    expect(deadline).toBe(began + 9000)
  })
})

describe('adding and removing', () => {
  test('a removed hook does not run, and its name is free again', async () => {
    const { shutdown } = virtualShutdown()
    let ran = ''
    const remove = shutdown.add({
      name: 'a',
      phase: 'drain',
      run: () => {
        ran += 'first'
      },
    })
    expect(remove()).toBe(true)
    expect(remove()).toBe(false)
    shutdown.add({
      name: 'a',
      phase: 'drain',
      run: () => {
        ran += 'second'
      },
    })
    await shutdown.now()
    expect(ran).toBe('second')
  })

  test('of several hooks those that have not begun are removed, and the result says whether there were any', async () => {
    const { shutdown, clock } = virtualShutdown({ exit: false })
    const remove = shutdown.add([
      { name: 'a', phase: 'drain', run: () => clock.sleep(10) },
      { name: 'b', phase: 'close', run: () => {} },
    ])
    void shutdown.now()
    expect(remove()).toBe(true)
    expect(remove()).toBe(false)
    await clock.advance(10)
    expect(Object.keys(hooksOf(shutdown.report))).toEqual(['a'])
  })

  test('a hook that has begun cannot be removed', async () => {
    const { shutdown, clock } = virtualShutdown()
    const remove = shutdown.add({ name: 'a', phase: 'drain', run: () => clock.sleep(100) })
    void shutdown.now()
    expect(remove()).toBe(false)
    await clock.advance(100)
    expect(hooksOf(shutdown.report).a?.status).toBe('done')
  })

  test('a hook added during the shutdown waits for its phase if that is still to come', async () => {
    const { shutdown, clock } = virtualShutdown()
    const order: string[] = []
    shutdown.add({
      name: 'drain',
      phase: 'drain',
      run: async () => {
        shutdown.add({ name: 'flush', phase: 'flush', run: () => order.push('flush') })
        await clock.sleep(100)
        order.push('drain')
      },
    })
    void shutdown.now()
    await clock.advance(100)
    expect(order).toEqual(['drain', 'flush'])
    expect(shutdown.report?.phases.map((phase) => phase.name)).toEqual(['drain', 'flush'])
  })

  test.each(['announce', 'drain'])(
    'a hook added during the shutdown for a phase that has begun or is over runs at once: %s',
    async (phase) => {
      const { shutdown, clock } = virtualShutdown()
      let began: number | undefined
      shutdown.add({ name: 'early', phase: 'announce', run: () => {} })
      shutdown.add({ name: 'http', phase: 'drain', run: () => clock.sleep(100) })
      shutdown.add({ name: 'last', phase: 'close', run: () => {} })
      void shutdown.now()
      await clock.advance(50)
      const run = async () => {
        began = clock.now()
        await clock.sleep(200)
      }
      shutdown.add({ name: 'late', phase, run })
      await clock.advance(1000)
      expect(began).toBe(50)
      expect(hooksOf(shutdown.report)).toMatchObject({
        late: { status: 'done', began: 50, ended: 250 },
        last: { began: 250 },
      })
    },
  )

  test('a hook that adds itself again under another name each time does not keep the shutdown from its deadline', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '2s' })
    let count = 0
    const add = (): void => {
      shutdown.add({
        name: `again ${count++}`,
        phase: 'drain',
        run: async () => {
          await clock.sleep(100)
          add()
        },
      })
    }
    add()
    void shutdown.now()
    await clock.advance(3000)
    expect(shutdown.report?.outcome).toBe('cut off')
    expect(shutdown.report?.duration).toBeLessThanOrEqual(1900)
  })

  test('a hook that adds another while it is being started does not call it from within itself', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '2s' })
    let depth = 0
    let deepest = 0
    let count = 0
    const add = (): void => {
      shutdown.add({
        name: `again ${count++}`,
        phase: 'drain',
        run: () => {
          deepest = Math.max(deepest, ++depth)
          if (count < 100) add()
          depth--
        },
      })
    }
    add()
    void shutdown.now()
    await clock.advance(10)
    expect(deepest).toBe(1)
    expect(shutdown.report?.phases[0]?.hooks).toHaveLength(100)
  })

  test('a result that has come in while the loop was blocked counts, though the limit has passed', async () => {
    const { shutdown, clock } = virtualShutdown()
    // The limit's timer and the poll phase that brings the result are due at once.
    const result = () =>
      new Promise<void>((resolve) => clock.setTimeout(() => clock.afterPoll(resolve), 99))
    shutdown.add({ name: 'reply', phase: 'drain', timeout: 100, run: result })
    void shutdown.now()
    clock.block(400)
    await clock.advance(10)
    expect(shutdown.report?.outcome).toBe('clean')
  })

  test('adding a hook after the end is an error that names it', async () => {
    const { shutdown } = virtualShutdown({ exit: false })
    await shutdown.now()
    expect(() => shutdown.add({ name: 'late', phase: 'close', run: () => {} })).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_ENDED',
        message: expect.stringContaining("'late'"),
      }),
    )
  })

  test('something with Symbol.asyncDispose is disposed of in the close phase, under the name of its class', async () => {
    class Pool {
      open = true
      async [Symbol.asyncDispose]() {
        this.open = false
      }
    }
    const { shutdown } = virtualShutdown()
    const pools = [new Pool(), new Pool(), new Pool()] as const
    shutdown.add(pools[0])
    shutdown.add(pools[1])
    shutdown.add(pools[2], { name: 'third', phase: 'stop', timeout: '1s' })
    const report = await shutdown.now()
    expect(pools.map((pool) => pool.open)).toEqual([false, false, false])
    expect(hooksOf(report)).toMatchObject({
      Pool: { phase: 'close' },
      'Pool 2': { phase: 'close' },
      third: { phase: 'stop', limit: 1000 },
    })
  })
})

describe('the shutdown', () => {
  test('now() returns the same promise every time, and the first reason wins', async () => {
    const { shutdown, process } = virtualShutdown()
    shutdown.listen()
    const first = shutdown.now('deploy')
    process.send('SIGTERM')
    expect(shutdown.now('other')).toBe(first)
    expect((await first).reason).toEqual({ kind: 'call', note: 'deploy' })
  })

  test('the signal aborts when the shutdown begins, before the first hook', async () => {
    const { shutdown } = virtualShutdown()
    const order: string[] = []
    shutdown.signal.addEventListener('abort', () => order.push('signal'))
    shutdown.add({ name: 'a', priority: 9999, run: () => order.push('hook') })
    expect(shutdown.signal.aborted).toBe(false)
    await shutdown.now()
    expect(order).toEqual(['signal', 'hook'])
  })

  test('the signal is aborted with an error that names the reason, as fetch() and its like expect', async () => {
    const { shutdown } = virtualShutdown()
    await shutdown.now('deploy')
    expect(() => shutdown.signal.throwIfAborted()).toThrow(AbortError)
    expect(shutdown.signal.reason).toMatchObject({
      name: 'AbortError',
      code: 'LASTCALL_SHUTTING_DOWN',
      message: "Shutting down: now('deploy')",
      cause: { kind: 'call', note: 'deploy' },
    })
    expect(Object.isExtensible(shutdown.signal.reason)).toBe(true)
  })

  test('the report is frozen plain data and survives JSON', async () => {
    const { shutdown } = virtualShutdown()
    shutdown.add({
      name: 'a',
      phase: 'drain',
      run: ({ note }) => {
        note('12 requests')
        throw new Error('boom')
      },
    })
    const report = await shutdown.now('test')
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(report)).toBe(true)
    expect(hooksOf(report).a?.notes).toEqual(['12 requests'])
    expect(shutdown.report).toBe(report)
  })

  test('a note after the hook has ended changes nothing', async () => {
    const { shutdown } = virtualShutdown()
    let note: HookContext['note'] | undefined
    shutdown.add({
      name: 'a',
      phase: 'drain',
      run: (context) => {
        note = context.note
      },
    })
    const report = await shutdown.now()
    note?.('late')
    expect(hooksOf(report).a?.notes).toEqual([])
  })

  test('its times count from its start, wherever the clock stood, and a late joiner ends its phase again', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    clock.block(5000)
    const ends: [string, number][] = []
    shutdown.on('phase:end', ({ phase }) => ends.push([phase.name, phase.ended]))
    const late = { name: 'late', phase: 'drain', run: () => clock.sleep(300) }
    shutdown.add({ name: 'http', phase: 'drain', run: () => clock.sleep(100) })
    shutdown.add({ name: 'events', phase: 'flush', run: () => void shutdown.add(late) })
    const ended = shutdown.now()
    await clock.advance(1000)
    const { duration, startedAt, phases } = await ended
    expect({ duration, startedAt }).toEqual({
      duration: 400,
      startedAt: '2000-01-01T00:00:05.000Z',
    })
    expect(phases.map(({ name, began, ended }) => [name, began, ended])).toEqual([
      ['drain', 0, 400],
      ['flush', 100, 100],
    ])
    // The drain ends twice: the late hook joined it.
    expect(ends).toEqual([
      ['drain', 100],
      ['drain', 400],
      ['flush', 100],
    ])
    expect(hooksOf(shutdown.report).events?.limit).toBe(8900)
  })

  test('a shutdown without hooks ends at once', async () => {
    const { shutdown, clock } = virtualShutdown({ exit: false })
    const report = await shutdown.now()
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0, duration: 0, phases: [] })
    expect(clock.pending).toBe(0)
  })

  test('a clean shutdown leaves no timer behind', async () => {
    const { shutdown, clock } = virtualShutdown({ exit: false })
    shutdown.add({ name: 'a', phase: 'drain', timeout: '5s', run: () => clock.sleep(10) })
    void shutdown.now()
    await clock.advance(10)
    expect(shutdown.report?.outcome).toBe('clean')
    expect(clock.pending).toBe(0)
  })
})

describe('something else ends the process during the shutdown', () => {
  test('and the lost hooks are named, those that were running first', async () => {
    const { shutdown, process } = virtualShutdown()
    shutdown.add([
      { name: 'postgres', phase: 'close', run: () => {} },
      { name: 'http', phase: 'drain', run: () => new Promise(() => {}) },
      { name: 'done', phase: 'announce', run: () => {} },
      { name: 'events', phase: 'flush', run: () => {} },
    ])
    void shutdown.now()
    await settle()
    process.emit('exit')
    expect(process.output).toContain(
      "(hook 'http' was cut off; hooks 'events' and 'postgres' never ran)\n",
    )
    expect(process.exitCode).toBe(1)
  })

  test('and nothing is logged where no hook is lost', async () => {
    const { shutdown, process, clock } = virtualShutdown({ exitCodes: { failed: 7 } })
    shutdown.add({ name: 'a', phase: 'drain', run: () => process.emit('exit') })
    void shutdown.now()
    await clock.advance(1)
    // It was lost at the first exit. The exit at the end loses nothing.
    expect(process.output.match(/hook 'a' was cut off\)/g)).toHaveLength(1)
    expect(process.exitCode).toBe(7)
  })

  test('and nothing is logged where the library itself ended it', async () => {
    const { shutdown, process, clock } = virtualShutdown()
    process.exit = (code) => {
      process.exits.push(code)
      process.emit('exit')
    }
    shutdown.add({ name: 'a', phase: 'drain', run: () => new Promise(() => {}) })
    shutdown.listen()
    process.send('SIGINT')
    await clock.advance(200)
    process.send('SIGINT')
    expect(process.exits).toEqual([130])
    expect(process.output).not.toContain('process.exit()')
  })
})

describe('events', () => {
  test('listeners get everything that happens, in order, by its name or all of it', async () => {
    const { shutdown, clock } = virtualShutdown()
    const all: ShutdownEvent[] = []
    const starts: string[] = []
    shutdown.on('event', (event) => all.push(event))
    shutdown.on('hook:start', ({ hook }) => starts.push(hook))
    shutdown.add({ name: 'a', phase: 'drain', run: ({ note }) => note('hello') })
    shutdown.add({ name: 'b', phase: 'close', run: () => clock.sleep(10) })
    void shutdown.now()
    await clock.advance(100)
    expect(all.map((event) => event.type)).toEqual([
      'start',
      'phase:start',
      'hook:start',
      'hook:note',
      'hook:end',
      'phase:end',
      'phase:start',
      'hook:start',
      'hook:end',
      'phase:end',
      'end',
      'exit',
    ])
    expect(starts).toEqual(['a', 'b'])
    expect(all.find((event) => event.type === 'phase:end')).toMatchObject({
      phase: { name: 'drain', hooks: [{ name: 'a', status: 'done', notes: ['hello'] }] },
    })
  })

  test('a listener can be removed', async () => {
    const { shutdown } = virtualShutdown()
    let heard = 0
    const remove = shutdown.on('start', () => heard++)
    remove()
    await shutdown.now()
    expect(heard).toBe(0)
  })

  test.each([
    ['finish', () => {}, "'finish' (string)"],
    ['start', undefined, '`listener` to be a function'],
  ])(
    'on() refuses a name that is no event, and a listener that is no function: %s',
    (name, listener, message) => {
      const { shutdown } = virtualShutdown()
      expect(() => shutdown.on(name as 'start', listener as () => void)).toThrow(message)
    },
  )

  test('a listener that throws stops nothing; it is a fault of the application, and counts as one', async () => {
    const { shutdown, process } = virtualShutdown()
    let ran = false
    shutdown.on('hook:start', () => {
      throw new Error('bad listener')
    })
    shutdown.add({
      name: 'a',
      phase: 'drain',
      run: () => {
        ran = true
      },
    })
    const report = await shutdown.now()
    expect(ran).toBe(true)
    expect(report).toMatchObject({ outcome: 'fault', exitCode: 1 })
    expect(report.faults).toMatchObject([
      { origin: 'listener', error: { message: 'bad listener' } },
    ])
    expect(process.output).toContain('bad listener')
  })

  test('a listener for faults that throws does not loop', async () => {
    const { shutdown } = virtualShutdown()
    shutdown.on('event', () => {
      throw new Error('always')
    })
    shutdown.add({ name: 'a', phase: 'drain', run: () => {} })
    expect((await shutdown.now()).faults).toHaveLength(1)
  })
})
