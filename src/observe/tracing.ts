import type { TracingChannel } from 'node:diagnostics_channel'
import { TimeoutError } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { Coordinator } from '../engine/coordinator.ts'
import type { EventOf } from '../engine/events.ts'
import type { HookContext, PreparedHook } from '../engine/hook.ts'
import type { HookReport, HookStatus, PhaseReport, Report } from '../engine/report.ts'
import type { Platform } from '../platform/platform.ts'
import { tracingModules } from '../runtime/process.ts'

/** What is published of a run, on `tracing:lastcall.run:…`: one object from its start to its end. Times are in milliseconds. */
export interface RunTrace {
  readonly reason: Reason
  readonly platform: Platform
  readonly grace: number
  /** Counts from the start of the run. */
  readonly deadline: number
  /** There from `asyncStart` on. */
  report?: Report
  /**
   * Has the exit wait for this promise, as it waits for stdout and stderr: an exporter sends the last
   * spans, that of the run among them. Whether it resolves or rejects makes no difference.
   */
  waitUntil(promise: PromiseLike<unknown>): void
}

/** What is published of a phase, on `tracing:lastcall.phase:…`. */
export interface PhaseTrace {
  readonly run: RunTrace
  readonly phase: string
  readonly priority: number
  /** There from `asyncStart` on. */
  report?: PhaseReport
}

/** What is published of a hook, on `tracing:lastcall.hook:…`. */
export interface HookTrace {
  readonly run: RunTrace
  readonly phase: string
  readonly hook: string
  /** How long it may take; 0 where it never ran. */
  readonly limit: number
  /** There from `asyncStart` on, and with `error`. */
  status?: HookStatus
  /** There from `asyncStart` on, and with `error`. */
  report?: HookReport
  /** What it threw or rejected with, or the `TimeoutError` of its cut. */
  error?: unknown
}

/** What a shutdown needs of its tracing. */
export interface Tracing {
  /** The hook, with its work done inside what is bound to its channel. */
  around(hook: PreparedHook): PreparedHook
  /** Resolves when what the exit was asked to wait for is over; `undefined` where that is nothing. */
  waitedFor(): Promise<unknown> | undefined
}

/**
 * Publishes runs, phases and hooks on `node:diagnostics_channel`, as TracingChannel has it. Where nobody
 * has subscribed when a run begins, nothing of it is made.
 */
export function traceEvents(coordinator: Coordinator, platform: Platform): Tracing {
  const waiting: Promise<unknown>[] = []
  let run: TracedRun | undefined
  coordinator.on('start', (event) => {
    const channels = channelsThatAreHeard()
    if (!channels) return
    const waitUntil = (promise: PromiseLike<unknown>) => {
      // Heeded at once: it would be a fault where it rejects before the exit.
      waiting.push(Promise.resolve(promise).catch(() => {}))
    }
    run = new TracedRun(channels, event, platform, waitUntil)
  })
  coordinator.on('phase:start', (event) => run?.beginPhase(event))
  coordinator.on('hook:start', (event) => run?.beginHook(event))
  coordinator.on('hook:end', ({ hook }) => run?.endHook(hook))
  coordinator.on('phase:end', ({ phase }) => run?.endPhase(phase))
  coordinator.on('end', ({ report }) => run?.end(report))
  return {
    around: (hook) => ({
      ...hook,
      run: (context) => (run ? run.perform(hook, context) : hook.run(context)),
    }),
    waitedFor: () => (waiting.length === 0 ? undefined : Promise.all(waiting)),
  }
}

/** Calls something inside what the channel of a run, a phase or a hook has bound. */
type Within = <Result>(work: () => Result) => Result

interface Traced<Trace> {
  readonly trace: Trace
  readonly within: Within
}

class TracedRun {
  readonly #channels: Channels
  readonly #run: Traced<RunTrace>
  readonly #phases: Traced<PhaseTrace>[] = []
  readonly #hooks = new Map<string, Traced<HookTrace> & { context?: HookContext }>()

  constructor(
    channels: Channels,
    { reason, grace, deadline }: EventOf<'start'>,
    platform: Platform,
    waitUntil: RunTrace['waitUntil'],
  ) {
    this.#channels = channels
    const trace: RunTrace = { reason, platform, grace, deadline, waitUntil }
    this.#run = { trace, within: start(channels.run, trace) }
    channels.run.end.publish(trace)
  }

  beginPhase({ phase, priority }: EventOf<'phase:start'>): void {
    const trace: PhaseTrace = { run: this.#run.trace, phase, priority }
    const within = this.#run.within(() => start(this.#channels.phase, trace))
    this.#channels.phase.end.publish(trace)
    this.#phases.push({ trace, within })
  }

  beginHook({ hook, phase, limit }: Pick<EventOf<'hook:start'>, 'hook' | 'phase' | 'limit'>): void {
    const parent = this.#phases.find(({ trace }) => trace.phase === phase) ?? this.#run
    const trace: HookTrace = { run: this.#run.trace, phase, hook, limit }
    const within = parent.within(() => start(this.#channels.hook, trace))
    this.#hooks.set(hook, { trace, within })
  }

  perform(hook: PreparedHook, context: HookContext): unknown {
    const traced = this.#hooks.get(hook.name)
    if (!traced) return hook.run(context)
    traced.context = context
    const { trace, within } = traced
    try {
      // Its `then` is called once: there are some that begin their work when it is.
      const settled = Promise.resolve(within(() => hook.run(context)))
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
    const { trace, within, context } = traced
    Object.assign(trace, { status, report })
    if (status === 'cut off') {
      trace.error = context?.signal.reason ?? new TimeoutError(error?.message ?? 'It never ran')
    }
    const { hook } = this.#channels
    within(() => {
      if (began === null) hook.end.publish(trace)
      if (status !== 'done') hook.error.publish(trace as HookTrace & { error: unknown })
      over(hook, trace)
    })
  }

  endPhase(report: PhaseReport): void {
    const traced = this.#phases.find(({ trace }) => trace.priority === report.priority)
    if (!traced) return
    const { trace, within } = traced
    // A hook that joined late ends its phase again: that is told once.
    const isOver = trace.report !== undefined
    trace.report = report
    if (!isOver) within(() => over(this.#channels.phase, trace))
  }

  end(report: Report): void {
    const { trace, within } = this.#run
    trace.report = report
    within(() => over(this.#channels.run, trace))
  }
}

interface Channels {
  readonly run: Channel
  readonly phase: Channel
  readonly hook: Channel
}

type Channel = TracingChannel<unknown, object>

/** Asked for when a run begins: most applications have no use for them. */
function channelsThatAreHeard(): Channels | undefined {
  const { tracingChannel } = tracingModules().diagnostics
  // Not every runtime has it.
  if (typeof tracingChannel !== 'function') return undefined
  const channels: Channels = {
    run: tracingChannel('lastcall.run'),
    phase: tracingChannel('lastcall.phase'),
    hook: tracingChannel('lastcall.hook'),
  }
  const isHeard = Object.values(channels).some((channel: Channel) =>
    [channel.start, channel.end, channel.asyncStart, channel.asyncEnd, channel.error].some(
      (one) => one.hasSubscribers,
    ),
  )
  return isHeard ? channels : undefined
}

/** Publishes a start; what is bound to the channel then can be gone back into. */
function start(channel: Channel, trace: object): Within {
  const { AsyncLocalStorage } = tracingModules().hooks
  return channel.start.runStores(trace, () => AsyncLocalStorage.snapshot())
}

function over(channel: Channel, trace: object): void {
  channel.asyncStart.publish(trace)
  channel.asyncEnd.publish(trace)
}
