import type { TracingChannel } from 'node:diagnostics_channel'
import { TimeoutError } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { Coordinator } from '../engine/coordinator.ts'
import type { EventOf } from '../engine/events.ts'
import type { HookContext, PreparedHook } from '../engine/hook.ts'
import type { HookReport, HookStatus, PhaseReport, Report } from '../engine/report.ts'
import type { Platform } from '../platform/platform.ts'
import { builtinModule } from '../runtime/builtin-modules.ts'

/**
 * The message of the channels `tracing:lastcall.shutdown:…`. A shutdown publishes the same object from
 * its start to its end. Times are in milliseconds.
 */
export interface ShutdownTrace {
  readonly reason: Reason
  readonly platform: Platform
  readonly grace: number
  /** Counted from the start of the shutdown. */
  readonly deadline: number
  /** Set from `asyncStart` on. */
  report?: Report
  /**
   * The exit waits for this promise, as long as it waits for a logger's `flush()`. Meant for an exporter
   * that sends the last spans, including the shutdown's. A rejection is ignored.
   */
  waitUntil(promise: PromiseLike<unknown>): void
}

/** The message of the channels `tracing:lastcall.phase:…`. */
export interface PhaseTrace {
  readonly shutdown: ShutdownTrace
  readonly phase: string
  readonly priority: number
  /** Set from `asyncStart` on. */
  report?: PhaseReport
}

/** The message of the channels `tracing:lastcall.hook:…`. */
export interface HookTrace {
  readonly shutdown: ShutdownTrace
  readonly phase: string
  readonly hook: string
  /** How long the hook may take; 0 if it never ran. */
  readonly limit: number
  /** Set from `asyncStart` on, and with `error`. */
  status?: HookStatus
  /** Set from `asyncStart` on, and with `error`. */
  report?: HookReport
  /** What the hook threw or rejected with. For a hook that was cut off, its `TimeoutError`. */
  error?: unknown
}

export interface Tracing {
  /** Wraps the hook: its `run()` is called in the context that subscribers bound to its channel. */
  wrap(hook: PreparedHook): PreparedHook
  /** Resolves when the promises of `waitUntil()` have settled; `undefined` if there are none. */
  flush(): Promise<unknown> | undefined
}

/**
 * Publishes the shutdown, its phases and its hooks on `node:diagnostics_channel`, each with a
 * TracingChannel. Without a subscriber at the start of the shutdown, nothing is created or published.
 */
export function traceEvents(coordinator: Coordinator, platform: Platform): Tracing {
  const pending: Promise<unknown>[] = []
  let traced: TracedShutdown | undefined
  coordinator.on('start', (event) => {
    const channels = subscribedChannels()
    if (!channels) return
    const waitUntil = (promise: PromiseLike<unknown>) => {
      // A promise that rejects before the exit would otherwise count as an unhandled rejection.
      pending.push(Promise.resolve(promise).catch(() => {}))
    }
    traced = new TracedShutdown(channels, event, platform, waitUntil)
  })
  coordinator.on('phase:start', (event) => traced?.beginPhase(event))
  coordinator.on('hook:start', (event) => traced?.beginHook(event))
  coordinator.on('hook:end', ({ hook }) => traced?.endHook(hook))
  coordinator.on('phase:end', ({ phase }) => traced?.endPhase(phase))
  coordinator.on('end', ({ report }) => traced?.end(report))
  return {
    wrap: (hook) => ({
      ...hook,
      run: (context) => (traced ? traced.runHook(hook, context) : hook.run(context)),
    }),
    flush: () => (pending.length === 0 ? undefined : Promise.all(pending)),
  }
}

interface Traced<Trace> {
  readonly trace: Trace
  /** Calls a function in the context that subscribers bound to the `start` of the channel. */
  readonly runInContext: RunInContext
}

type RunInContext = <Result>(work: () => Result) => Result

class TracedShutdown {
  readonly #channels: Channels
  readonly #shutdown: Traced<ShutdownTrace>
  readonly #phases: Traced<PhaseTrace>[] = []
  readonly #hooks = new Map<string, Traced<HookTrace> & { context?: HookContext }>()

  constructor(
    channels: Channels,
    { reason, grace, deadline }: EventOf<'start'>,
    platform: Platform,
    waitUntil: ShutdownTrace['waitUntil'],
  ) {
    this.#channels = channels
    const trace: ShutdownTrace = { reason, platform, grace, deadline, waitUntil }
    this.#shutdown = { trace, runInContext: publishStart(channels.shutdown, trace) }
    channels.shutdown.end.publish(trace)
  }

  beginPhase({ phase, priority }: EventOf<'phase:start'>): void {
    const trace: PhaseTrace = { shutdown: this.#shutdown.trace, phase, priority }
    const channel = this.#channels.phase
    const runInContext = this.#shutdown.runInContext(() => publishStart(channel, trace))
    channel.end.publish(trace)
    this.#phases.push({ trace, runInContext })
  }

  beginHook({ hook, phase, limit }: Pick<EventOf<'hook:start'>, 'hook' | 'phase' | 'limit'>): void {
    const parent = this.#phases.find(({ trace }) => trace.phase === phase) ?? this.#shutdown
    const trace: HookTrace = { shutdown: this.#shutdown.trace, phase, hook, limit }
    const runInContext = parent.runInContext(() => publishStart(this.#channels.hook, trace))
    this.#hooks.set(hook, { trace, runInContext })
  }

  runHook(hook: PreparedHook, context: HookContext): unknown {
    const traced = this.#hooks.get(hook.name)
    if (!traced) return hook.run(context)
    traced.context = context
    const { trace, runInContext } = traced
    try {
      // `Promise.resolve()` calls `then` once: some thenables start their work when it is called.
      const settled = Promise.resolve(runInContext(() => hook.run(context)))
      settled.then(undefined, (error) => {
        trace.error = error
      })
      return settled
    } catch (error) {
      trace.error = error
      throw error
    } finally {
      this.#channels.hook.end.publish(trace)
    }
  }

  endHook(report: HookReport): void {
    const { name, priority, began, status, error } = report
    if (began === null) {
      const phase = this.#phases.find(({ trace }) => trace.priority === priority)?.trace.phase
      this.beginHook({ hook: name, phase: phase ?? `priority ${priority}`, limit: 0 })
    }
    const traced = this.#hooks.get(name)
    if (!traced) return
    const { trace, runInContext, context } = traced
    Object.assign(trace, { status, report })
    if (status === 'cut off') {
      trace.error = context?.signal.reason ?? new TimeoutError(error?.message ?? 'It never ran')
    }
    const { hook } = this.#channels
    runInContext(() => {
      if (began === null) hook.end.publish(trace)
      if (status !== 'done') hook.error.publish(trace as HookTrace & { error: unknown })
      publishEnd(hook, trace)
    })
  }

  endPhase(report: PhaseReport): void {
    const traced = this.#phases.find(({ trace }) => trace.priority === report.priority)
    if (!traced) return
    const { trace, runInContext } = traced
    // A late hook ends its phase again. The end is published once.
    const hasEnded = trace.report !== undefined
    trace.report = report
    if (!hasEnded) runInContext(() => publishEnd(this.#channels.phase, trace))
  }

  end(report: Report): void {
    const { trace, runInContext } = this.#shutdown
    trace.report = report
    runInContext(() => publishEnd(this.#channels.shutdown, trace))
  }
}

type Channel = TracingChannel<unknown, object>
type Channels = NonNullable<ReturnType<typeof subscribedChannels>>

/** The channels, if any of them has a subscriber. Created only when a shutdown starts: most applications use none. */
function subscribedChannels() {
  const { tracingChannel } = builtinModule('node:diagnostics_channel')
  // Some runtimes lack it.
  if (typeof tracingChannel !== 'function') return undefined
  const channels = {
    shutdown: tracingChannel('lastcall.shutdown'),
    phase: tracingChannel('lastcall.phase'),
    hook: tracingChannel('lastcall.hook'),
  }
  const hasSubscribers = Object.values(channels)
    .flatMap(({ start, end, asyncStart, asyncEnd, error }) => [
      start,
      end,
      asyncStart,
      asyncEnd,
      error,
    ])
    .some((channel) => channel.hasSubscribers)
  return hasSubscribers ? channels : undefined
}

/** Publishes a start. Returns a function that runs work in the context that subscribers bound to it. */
function publishStart(channel: Channel, trace: object): RunInContext {
  const { AsyncLocalStorage } = builtinModule('node:async_hooks')
  return channel.start.runStores(trace, () => AsyncLocalStorage.snapshot())
}

function publishEnd(channel: Channel, trace: object): void {
  channel.asyncStart.publish(trace)
  channel.asyncEnd.publish(trace)
}
