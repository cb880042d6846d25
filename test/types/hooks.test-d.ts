// What is refused is marked; that it is refused, and all else accepted, is found by the compiler.
import {
  createShutdown,
  type Duration,
  type Hook,
  type HookContext,
  type HookOptions,
  type Hooks,
  type PhaseName,
  type PhaseOption,
  type Resource,
} from 'lastcall'

declare function takes<T>(value: T): void
declare const context: HookContext
declare const duration: Duration
const run = () => undefined

takes<Duration>(500)
takes<Duration>('10s')
takes<Duration>('1.5s')
takes<Duration>('250ms')
takes<Duration>('2m')
// Any string compiles. The library checks it when it reads it.
takes<Duration>(process.env.GRACE ?? '10s')
takes<Duration>(String(duration))
// @ts-expect-error: a variable that may be missing
takes<Duration>(process.env.GRACE)
// @ts-expect-error: neither a number nor a string
takes<Duration>({ seconds: 10 })

takes<Hook>({ name: 'pool', phase: 'close', run })
takes<Hook>({ name: 'pool', phase: 'warm-down', run })
takes<Hook>({ name: 'pool', priority: 350, run, timeout: '5s', reserve: 200 })
takes<Hook>({ name: 'rest', phase: 'drain', run, timeout: () => '5s' })
takes<Hook>({ name: 'pool', phase: 'close', run: async ({ signal }) => signal.aborted })
takes<Hook>({ name: 'pool', phase: 'close', run: ({ note, remaining }) => note(`${remaining()}`) })
// @ts-expect-error: no name
takes<Hook>({ phase: 'close', run })
// @ts-expect-error: nothing to run
takes<Hook>({ name: 'pool', phase: 'close' })
// @ts-expect-error: misspelt
takes<Hook>({ name: 'pool', phase: 'close', run, timeOut: '5s' })
// @ts-expect-error: neither a phase nor a priority
takes<Hook>({ name: 'pool', run })
// @ts-expect-error: a phase and a priority
takes<Hook>({ name: 'pool', phase: 'close', priority: 350, run })
// @ts-expect-error: a priority is a number
takes<Hook>({ name: 'pool', priority: 'high', run })
// @ts-expect-error: a phase is a name
takes<Hook>({ name: 'pool', phase: 100, run })
// @ts-expect-error: a hook is handed a context, and nothing else
takes<Hook>({ name: 'pool', phase: 'close', run: (text: string) => text })

takes<PhaseName>('unbind')
takes<PhaseName>('drain')
// @ts-expect-error: there is no such phase everywhere
takes<PhaseName>('warm-down')
takes<PhaseOption>(350)
takes<PhaseOption>({ priority: 350, reserve: '1s' })
// @ts-expect-error: a phase has a priority
takes<PhaseOption>({ reserve: '1s' })

takes<AbortSignal>(context.signal)
takes<number>(context.deadline)
// @ts-expect-error: it is for reading
context.deadline = 0
// @ts-expect-error: its signal aborts by the library alone
context.signal.abort()

class Pool {
  async [Symbol.asyncDispose]() {}
}
declare const pool: Pool
const one: Hook = { name: 'one', phase: 'close', run }
const shutdown = createShutdown()

takes<() => boolean>(shutdown.add(one))
takes<() => boolean>(shutdown.add([one, [one, new Set([one])]]))
takes<() => boolean>(shutdown.add(Object.freeze([one] as const)))
takes<() => boolean>(shutdown.add(pool))
takes<() => boolean>(shutdown.add(pool, { name: 'postgres', reserve: '1s' }))
takes<Hooks>([one])
takes<Resource>(pool)
takes<() => boolean>(shutdown.add('postgres', run))
shutdown.add('postgres', async ({ signal }) => signal.aborted, { phase: 'flush', reserve: '2s' })
shutdown.add('postgres', run, { priority: 350, timeout: () => '5s' })
shutdown.add('postgres', run, { phase: undefined, timeout: undefined, reserve: undefined })
const optional: HookOptions = {}
shutdown.add('postgres', run, optional)
// @ts-expect-error: what is disposed of needs nothing to run
shutdown.add(pool, { run })
// @ts-expect-error: options are for what is disposed of
shutdown.add(one, { name: 'two' })
// @ts-expect-error: a function is no hook
shutdown.add(run)
// @ts-expect-error: misspelt
shutdown.add({ name: 'pool', phase: 'close', handler: run })
// @ts-expect-error: neither a phase nor a priority
shutdown.add({ name: 'pool', run })
// @ts-expect-error: neither a hook nor hooks
shutdown.add([1])
// @ts-expect-error: nothing disposes of it
shutdown.add({ close: run })
// @ts-expect-error: a name without a function
shutdown.add('pool')
// @ts-expect-error: it is called at the shutdown
shutdown.add('pool', Promise.resolve())
// @ts-expect-error: options come last
shutdown.add('pool', { phase: 'flush' })
// @ts-expect-error: misspelt
shutdown.add('pool', run, { phaze: 'flush' })
// @ts-expect-error: the name is given already
shutdown.add('pool', run, { name: 'postgres' })
// @ts-expect-error: a text in an array is no hook
shutdown.add(['pool'])
