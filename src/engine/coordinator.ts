import { EventEmitter } from 'eventemitter3'
import { likelyName } from '../base/did-you-mean.ts'
import { AbortError, invalidOption, refusal, show } from '../base/errors.ts'
import { type FaultOrigin, formatReason, type Reason } from '../base/reason.ts'
import { describeError, propertyOf } from '../base/thrown.ts'
import { createAbortController } from '../runtime/abort-controller.ts'
import { EVENTS, type EventMap, type ShutdownEvent, type UnfinishedHooks } from './events.ts'
import type { PreparedHook } from './hook.ts'
import { type Plan, planOf } from './plan.ts'
import { freeze, type Report } from './report.ts'
import { type ShutdownParts, ShutdownRun } from './shutdown-run.ts'

/** Runs the hooks, phase by phase, within one deadline. Knows nothing of signals, servers or processes. */
export class Coordinator {
  readonly #parts: ShutdownParts
  readonly #events = new EventEmitter<EventMap>()
  readonly #aborter = createAbortController()
  #run: ShutdownRun | undefined

  constructor(parts: ShutdownParts) {
    this.#parts = parts
  }

  get signal(): AbortSignal {
    return this.#aborter.signal
  }

  get report(): Report | undefined {
    return this.#run?.report
  }

  /** Whether the listeners run of what began the shutdown. */
  get isBeginning(): boolean {
    return this.#run?.isBeginning ?? false
  }

  get unfinished(): UnfinishedHooks {
    const waiting = this.#parts.registry.groups().flatMap(({ hooks }) => [...hooks])
    return { running: this.#run?.running ?? [], waiting: waiting.map(({ name }) => name) }
  }

  /** What is still to run, and how long each hook may take. */
  plan(): Plan {
    const { registry, budget, platform } = this.#parts
    const { earliest, latest } = this.#run?.nextPhase ?? { earliest: 0, latest: 0 }
    return planOf(registry.groups(), { budget, platform, earliest, latest })
  }

  /** Adds hooks, before or during the shutdown. Returns a function that removes those that have not begun. */
  add(hooks: readonly PreparedHook[]): () => boolean {
    const { registry } = this.#parts
    if (this.report) {
      const names = hooks.map((hook) => `'${hook.name}'`).join(', ')
      throw refusal(
        'LASTCALL_ENDED',
        `The shutdown is over: ${names} can not run any more. Add hooks before it ends, or create a new shutdown.`,
      )
    }
    registry.add(hooks)
    this.#run?.startLateHooks()
    return () => hooks.map((hook) => registry.remove(hook)).some(Boolean)
  }

  /** Begins the shutdown. If it has begun, returns the same promise again: the first reason wins. */
  begin(reason: Reason): Promise<Report> {
    if (!this.#run) {
      this.#run = new ShutdownRun(this.#parts, freeze(reason), (event) => this.emit(event))
      this.#parts.watch()
      // Before the first hook begins, so that loops take no new work.
      this.#aborter.abort(new AbortError(`Shutting down: ${formatReason(reason)}`, reason))
      this.#run.begin()
    }
    return this.#run.ended
  }

  /** Begins the shutdown with a fault, or adds the fault to the report of the running shutdown. */
  fault(thrown: unknown, origin: FaultOrigin): void {
    if (isOwnAbort(thrown)) return
    const error = describeError(thrown)
    if (this.#run) this.#run.fault(origin, error)
    else void this.begin({ kind: 'fault', origin, error })
  }

  on<Name extends keyof EventMap>(
    name: Name,
    listener: (...event: EventMap[Name]) => void,
  ): () => void {
    if (!EVENTS.includes(name)) {
      const likely = likelyName(name, EVENTS)
      const question = likely ? ` Did you mean '${likely}'?` : ''
      const message = `Unknown event ${show(name)}.${question} The events are ${EVENTS.join(', ')}.`
      throw refusal('LASTCALL_INVALID_OPTION', message)
    }
    if (typeof listener !== 'function') {
      const fix = `Write on('${name}', (event) => …).`
      throw invalidOption('listener', 'a function', listener, fix)
    }
    // A listener that throws must not stop the shutdown. Only its first error is a fault: a `fault`
    // listener that throws would otherwise call itself forever.
    let hasThrown = false
    const guarded = (...event: EventMap[Name]) => {
      try {
        listener(...event)
      } catch (error) {
        if (hasThrown) return
        hasThrown = true
        this.fault(error, 'listener')
      }
    }
    this.#events.on(name, guarded as never)
    return () => void this.#events.off(name, guarded as never)
  }

  emit(event: ShutdownEvent): void {
    this.#events.emit(event.type, event as never)
    this.#events.emit('event', event)
  }
}

/** Whether this is the error of `shutdown.signal`, or caused by it. Applications need not catch it. */
function isOwnAbort(thrown: unknown): boolean {
  // Recognised by its code, not its class: the signal may come from another copy of the package.
  return [thrown, propertyOf(thrown, 'cause')].some(
    (error) => propertyOf(error, 'code') === 'LASTCALL_SHUTTING_DOWN',
  )
}
