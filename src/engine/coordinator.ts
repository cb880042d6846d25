import { EventEmitter } from 'eventemitter3'
import { AbortError, invalidOption, LastcallError } from '../base/errors.ts'
import { describeError, type FaultOrigin, formatReason, type Reason } from '../base/reason.ts'
import { EVENTS, type EventMap, type ShutdownEvent } from './events.ts'
import type { PreparedHook } from './hook.ts'
import { type Plan, planOf } from './plan.ts'
import { freeze, type Report } from './report.ts'
import { Run, type RunParts } from './run.ts'

/** Runs the hooks, phase by phase, inside one deadline. It knows of no signal, no server and no process. */
export class Coordinator {
  readonly #parts: RunParts
  readonly #events = new EventEmitter<EventMap>()
  readonly #began = new AbortController()
  #run: Run | undefined

  constructor(parts: RunParts) {
    this.#parts = parts
  }

  /** Fires when the run begins. */
  get signal(): AbortSignal {
    return this.#began.signal
  }

  get report(): Report | undefined {
    return this.#run?.report
  }

  /** The hooks that have not ended, those that have begun first. */
  get unfinished(): string[] {
    const waiting = this.#parts.registry.groups().flatMap(({ hooks }) => [...hooks])
    return [...(this.#run?.running ?? []), ...waiting.map(({ name }) => name)]
  }

  /** What is still to run, and how long each of it may take. */
  plan(): Plan {
    const { registry, budget, platform } = this.#parts
    const { earliest, latest } = this.#run?.nextPhase ?? { earliest: 0, latest: 0 }
    return planOf(registry.groups(), { budget, platform, earliest, latest })
  }

  /** Takes hooks before the run and during it; returns a way to take back those that have not begun. */
  add(hooks: readonly PreparedHook[]): () => boolean {
    const { registry } = this.#parts
    if (this.report) {
      const names = hooks.map((hook) => `'${hook.name}'`).join(', ')
      throw new LastcallError(
        'LASTCALL_ENDED',
        `The shutdown is over: ${names} can not run any more. Add hooks before the run ends, or create a new shutdown.`,
      )
    }
    registry.add(hooks)
    this.#run?.join()
    return () => hooks.map((hook) => registry.remove(hook)).some(Boolean)
  }

  /** Starts the run, or returns the one that has begun: the first reason wins. */
  begin(reason: Reason): Promise<Report> {
    if (!this.#run) {
      this.#run = new Run(this.#parts, freeze(reason), (event) => this.emit(event))
      // Loops stop taking work before the first hook begins.
      this.#began.abort(new AbortError(`Shutting down: ${formatReason(reason)}`, reason))
      this.#run.begin()
    }
    return this.#run.ended
  }

  /** Takes in a fault: it starts the run, or stands in the report of the one that has begun. */
  fault(thrown: unknown, origin: FaultOrigin): void {
    if (this.#isOwnAbort(thrown)) return
    const error = describeError(thrown)
    if (this.#run) this.#run.fault(origin, error)
    else void this.begin({ kind: 'fault', origin, error })
  }

  on<Name extends keyof EventMap>(
    name: Name,
    listener: (...event: EventMap[Name]) => void,
  ): () => void {
    if (!EVENTS.includes(name)) throw invalidOption('event', `one of ${EVENTS.join(', ')}`, name)
    if (typeof listener !== 'function') throw invalidOption('listener', 'a function', listener)
    // A listener that throws must not stop the run, and one for faults that throws must not loop.
    let failed = false
    const guarded = (...event: EventMap[Name]) => {
      try {
        listener(...event)
      } catch (error) {
        if (failed) return
        failed = true
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

  /** What `signal` has ended, as it was meant to: nobody need catch that. */
  #isOwnAbort(thrown: unknown): boolean {
    const { cause } = (thrown ?? {}) as Partial<Error>
    // By its code: it may be the signal of another shutdown in this process, or of another copy.
    return [thrown, cause].some(
      (error) => (error as Partial<AbortError> | undefined)?.code === 'LASTCALL_SHUTTING_DOWN',
    )
  }
}
