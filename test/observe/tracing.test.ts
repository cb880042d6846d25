import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { HookTrace, PhaseTrace, ShutdownTrace } from '../../src/index.ts'
import { type VirtualClock, VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

const STEPS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const
type Published = { name: string; message: ShutdownTrace & PhaseTrace & HookTrace; status: unknown }

/** Collects what is published, in order, until the test is over. */
function listen(...what: ('shutdown' | 'phase' | 'hook')[]): Published[] {
  const heard: Published[] = []
  for (const one of what) {
    for (const step of STEPS) {
      const name = `tracing:lastcall.${one}:${step}`
      const hear = (message: unknown) => {
        const traced = message as Published['message']
        heard.push({ name: `${one}:${step}`, message: traced, status: traced.status })
      }
      subscribe(name, hear)
      onTestFinished(() => void unsubscribe(name, hear))
    }
  }
  return heard
}

/** Binds a storage to the `start` channels that holds the path from the shutdown down. */
function paths(): AsyncLocalStorage<string> {
  const storage = new AsyncLocalStorage<string>()
  const nameOf = (message: object) => {
    if ('hook' in message) return message.hook
    return 'phase' in message ? message.phase : 'shutdown'
  }
  for (const what of ['shutdown', 'phase', 'hook']) {
    const start = channel(`tracing:lastcall.${what}:start`)
    start.bindStore(storage, (message) =>
      [storage.getStore() ?? [], nameOf(message as object)].flat().join(' > '),
    )
    onTestFinished(() => void start.unbindStore(storage))
  }
  return storage
}

const never = () => new Promise(() => {})

async function run(
  prepare: (world: ReturnType<typeof virtualShutdown> & { clock: VirtualClock }) => void,
) {
  const world = virtualShutdown({ grace: '10s', log: false })
  prepare(world)
  void world.shutdown.now()
  await world.clock.advance(10_000)
  return world
}

describe('what is published', () => {
  test('is the start and the end of the shutdown, its phases and its hooks, nested', async () => {
    const heard = listen('shutdown', 'phase', 'hook')
    const { shutdown } = await run(({ shutdown, clock }) => {
      shutdown.add({ name: 'http', phase: 'drain', run: () => clock.sleep(10) })
      shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
    })
    const traced = (what: string, within: string[]) => [
      ...[`${what}:start`, `${what}:end`],
      ...within,
      ...[`${what}:asyncStart`, `${what}:asyncEnd`],
    ]
    const phase = traced('phase', traced('hook', []))
    expect(heard.map(({ name }) => name)).toEqual(traced('shutdown', [...phase, ...phase]))

    const of = (name: string) => heard.filter((one) => one.name.startsWith(name))
    for (const what of ['shutdown:', 'phase:', 'hook:']) {
      const [first] = of(what)
      // One object for each, from its start to its end.
      const messages = new Set(of(what).map(({ message }) => message))
      expect(messages.size).toBe(what === 'shutdown:' ? 1 : 2)
      expect(first?.message).toBe([...messages][0])
    }
    expect(of('shutdown:')[0]?.message).toMatchObject({
      reason: { kind: 'call' },
      platform: shutdown.platform,
      grace: 10_000,
      deadline: 9000,
      report: shutdown.report,
    })
    const [drain] = shutdown.report?.phases ?? []
    expect(of('phase:')[0]?.message).toMatchObject({
      shutdown: of('shutdown:')[0]?.message,
      phase: 'drain',
      priority: 400,
      report: drain,
    })
    expect(of('hook:')[0]?.message).toEqual({
      shutdown: of('shutdown:')[0]?.message,
      phase: 'drain',
      hook: 'http',
      limit: 8090,
      status: 'done',
      report: drain?.hooks[0],
    })
    // The report comes with the end.
    expect(of('hook:').map(({ status }) => status)).toEqual([
      undefined,
      undefined,
      'done',
      'done',
      undefined,
      undefined,
      'done',
      'done',
    ])
  })

  const boom = new Error('boom')
  test.each([
    [
      'throws',
      () => {
        throw boom
      },
    ],
    ['rejects', () => Promise.reject(boom)],
    [
      'has a then() that rejects',
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried
      () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(boom) }),
    ],
  ])('is an error where a hook %s: the thrown value itself', async (_, work) => {
    const heard = listen('hook')
    const { shutdown } = await run(({ shutdown }) =>
      shutdown.add({ name: 'bad', phase: 'drain', run: work }),
    )
    expect(shutdown.report?.outcome).toBe('failed')
    expect(heard.map(({ name }) => name.replace('hook:', ''))).toEqual([
      'start',
      'end',
      'error',
      'asyncStart',
      'asyncEnd',
    ])
    expect(heard[2]?.message.error).toBe(boom)
    expect(heard[2]?.status).toBe('failed')
  })

  test('is an error where a hook is cut off, with what its signal was aborted with', async () => {
    const heard = listen('hook')
    let reason: unknown
    await run(({ shutdown }) => {
      const work = ({ signal }: { signal: AbortSignal }) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
        })
        return never()
      }
      shutdown.add({ name: 'stuck', phase: 'drain', run: work })
    })
    expect(heard.map(({ name }) => name)).toContain('hook:error')
    expect(heard[0]?.message).toMatchObject({ hook: 'stuck', status: 'cut off', limit: 9000 })
    expect(heard[0]?.message.error).toBe(reason)
    expect(reason).toMatchObject({ code: 'LASTCALL_HOOK_TIMEOUT' })
  })

  test('has hooks that never ran as well, at once from start to end', async () => {
    const heard = listen('hook')
    await run(({ shutdown, clock }) => {
      shutdown.add({ name: 'block', phase: 'drain', run: () => clock.block(9500) })
      shutdown.add({ name: 'late', phase: 'close', run: () => {} })
    })
    const late = heard.filter(({ message }) => message.hook === 'late')
    expect(late.map(({ name }) => name.replace('hook:', ''))).toEqual([
      'start',
      'end',
      'error',
      'asyncStart',
      'asyncEnd',
    ])
    expect(late[0]?.message).toMatchObject({
      phase: 'close',
      limit: 0,
      error: { code: 'LASTCALL_HOOK_TIMEOUT' },
      report: { began: null },
    })
  })

  test('has a phase once, also where a hook joins it when it is over', async () => {
    const heard = listen('phase', 'hook')
    await run(({ shutdown, clock }) => {
      const late = { name: 'late', phase: 'drain', run: () => clock.sleep(10) }
      shutdown.add({ name: 'http', phase: 'drain', run: () => {} })
      shutdown.add({ name: 'events', phase: 'flush', run: () => void shutdown.add(late) })
    })
    const ends = heard.filter(({ name }) => name === 'phase:asyncEnd')
    expect(ends.map(({ message }) => message.phase)).toEqual(['drain', 'flush'])
    expect(ends[0]?.message.report?.hooks).toHaveLength(2)
    const hooks = heard.filter(({ name }) => name === 'hook:start')
    expect(hooks.map(({ message }) => [message.phase, message.hook])).toEqual([
      ['drain', 'http'],
      ['flush', 'events'],
      ['drain', 'late'],
    ])
  })

  test('names its own shutdown where there are several', async () => {
    const heard = listen('shutdown', 'hook')
    const process = new VirtualProcess()
    const worlds = ['a', 'b'].map((name) => {
      const world = virtualShutdown({ grace: '10s', log: false }, { process })
      world.shutdown.add({ name, phase: 'drain', run: () => {} })
      world.shutdown.listen()
      return world
    })
    process.send('SIGTERM')
    for (const { clock } of worlds) await clock.advance(0)
    const shutdowns = heard
      .filter(({ name }) => name === 'shutdown:asyncEnd')
      .map(({ message }) => message)
    expect(shutdowns.map(({ report }) => report?.phases[0]?.hooks[0]?.name).sort()).toEqual([
      'a',
      'b',
    ])
    const hooks = heard.filter(({ name }) => name === 'hook:asyncEnd').map(({ message }) => message)
    for (const { hook, shutdown } of hooks) {
      expect(shutdown.report?.phases[0]?.hooks[0]?.name).toBe(hook)
    }
  })

  test('is nothing without subscribers, and no channel is bound to a hook', async () => {
    const hook = { name: 'a', phase: 'drain', run: vi.fn(() => 'done') }
    const snapshot = vi.spyOn(AsyncLocalStorage, 'snapshot')
    onTestFinished(() => void snapshot.mockRestore())
    await run(({ shutdown }) => shutdown.add(hook))
    expect(hook.run).toHaveBeenCalledOnce()
    expect(snapshot).not.toHaveBeenCalled()
    expect(tracingChannel('lastcall.hook').start.hasSubscribers).toBe(false)
  })
})

describe('what is bound to a start', () => {
  test('is there inside: of the shutdown in its phases, of a phase in its hooks, of a hook in its work', async () => {
    const storage = paths()
    const seen: unknown[] = []
    const look = async (world: { clock: VirtualClock }) => {
      seen.push(storage.getStore())
      await world.clock.sleep(10)
      seen.push(storage.getStore())
    }
    await run((world) => {
      world.shutdown.add({ name: 'http', phase: 'drain', run: () => look(world) })
      world.shutdown.add({ name: 'jobs', phase: 'drain', run: () => look(world) })
      world.shutdown.add({ name: 'pool', phase: 'close', run: () => look(world) })
    })
    expect(seen).toEqual([
      ...[
        'shutdown > drain > http',
        'shutdown > drain > jobs',
        'shutdown > drain > http',
        'shutdown > drain > jobs',
      ],
      ...['shutdown > close > pool', 'shutdown > close > pool'],
    ])
    expect(storage.getStore()).toBeUndefined()
  })

  test('is there in a hook that joins a phase that is over', async () => {
    const storage = paths()
    let seen: unknown
    await run(({ shutdown }) => {
      const late = {
        name: 'late',
        phase: 'drain',
        run: () => {
          seen = storage.getStore()
        },
      }
      shutdown.add({ name: 'http', phase: 'drain', run: () => {} })
      shutdown.add({ name: 'events', phase: 'flush', run: () => void shutdown.add(late) })
    })
    expect(seen).toBe('shutdown > drain > late')
  })
})

describe('waitUntil()', () => {
  /** A shutdown without hooks; a subscriber of its end has the exit wait for the promise. */
  function leaving(promise: PromiseLike<unknown>) {
    const name = 'tracing:lastcall.shutdown:asyncEnd'
    const hear = (message: unknown) => (message as ShutdownTrace).waitUntil(promise)
    subscribe(name, hear)
    onTestFinished(() => void unsubscribe(name, hear))
    const world = virtualShutdown({ grace: '10s', log: false })
    void world.shutdown.now()
    return world
  }

  test('has the exit wait', async () => {
    let send = () => {}
    const sent = new Promise<void>((resolve) => {
      send = resolve
    })
    const { process, clock } = leaving(sent)
    await clock.advance(100)
    expect(process.exits).toEqual([])
    send()
    await clock.advance(0)
    expect(process.exits).toEqual([0])
  })

  test('waits no longer than 90 % of the margin', async () => {
    const { process, clock } = leaving(never())
    await clock.advance(899)
    expect(process.exits).toEqual([])
    await clock.advance(1)
    expect(process.exits).toEqual([0])
  })

  test('ignores a rejection', async () => {
    const { process, clock } = leaving(Promise.reject(new Error('no collector')))
    await clock.advance(0)
    expect(process.exits).toEqual([0])
  })
})
