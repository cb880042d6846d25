import type { Fault, Reason } from '../base/reason.ts'
import type { ErrorInfo } from '../base/thrown.ts'
import type { Platform } from '../platform/platform.ts'

/** How the shutdown ended as a whole: the worst that happened. A forced exit leaves no report. */
export type Outcome = 'clean' | 'failed' | 'cut off' | 'fault'

/** How a hook ended. `cut off`: it reached its limit, or the deadline had passed before it began. */
export type HookStatus = 'done' | 'failed' | 'cut off'

/**
 * What happened in one shutdown: immutable plain data that serialises to JSON. Times are in
 * milliseconds and count from the beginning of the shutdown.
 */
export interface Report {
  readonly version: 1
  readonly reason: Reason
  readonly platform: Platform
  readonly outcome: Outcome
  /**
   * The code that the process exits with, as far as it is known when this shutdown is over: that of the
   * worst outcome of its shutdowns that have ended. The event `exit` has the final one.
   */
  readonly exitCode: number
  /** The outcome of another shutdown, if `exitCode` is due to that. */
  readonly processOutcome?: Outcome
  /** The time of day at which the shutdown began, in ISO 8601. */
  readonly startedAt: string
  readonly grace: number
  readonly margin: number
  /** When all hooks had to be over: grace − margin. */
  readonly deadline: number
  /** When the last hook was over. */
  readonly duration: number
  /** In the order in which they ran. */
  readonly phases: readonly PhaseReport[]
  /** Errors outside of the hooks, including a fault that started the shutdown. */
  readonly faults: readonly Fault[]
}

export interface PhaseReport {
  /** `priority 350` if no phase has that priority. */
  readonly name: string
  readonly priority: number
  /** The part of the budget that no earlier phase could use. */
  readonly reserve: number
  readonly began: number
  readonly ended: number
  /** In the order in which they began. */
  readonly hooks: readonly HookReport[]
}

export interface HookReport {
  readonly name: string
  readonly phase: string | null
  readonly priority: number
  readonly status: HookStatus
  /** `null` if the deadline had passed before the hook could begin. */
  readonly began: number | null
  /** When it settled or was cut off. */
  readonly ended: number
  /** How long the hook was allowed to take. */
  readonly limit: number
  /** What the hook said with `note()`. */
  readonly notes: readonly string[]
  readonly error: ErrorInfo | null
  /** What else was running when the hook was cut off. */
  readonly hang: Hang | null
}

/** What else was running when a hook was cut off. What the hook itself waited for is in its notes. */
export interface Hang {
  /** The other hooks that were running and had time left. */
  readonly others: readonly RunningHook[]
  /**
   * How many resources of each kind kept the event loop alive. The names are those of
   * `process.getActiveResourcesInfo()`. The timers of this library are included.
   */
  readonly resources: Readonly<Record<string, number>>
}

/** A hook that was running when another one was cut off. */
export interface RunningHook {
  readonly name: string
  readonly phase: string | null
  readonly priority: number
  /** How long it had been running. */
  readonly age: number
  /** What it waited for, according to its `waitingFor()`. */
  readonly waitingFor: readonly string[]
}

/** A part of the report while it is being written. */
export type Draft<T> = {
  -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key]
}

/** Freezes plain data at every depth. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) freeze(part)
    Object.freeze(value)
  }
  return value
}

export function outcomeOf(phases: readonly PhaseReport[], faults: readonly Fault[]): Outcome {
  const statuses = new Set(phases.flatMap((phase) => phase.hooks.map((hook) => hook.status)))
  if (faults.length > 0) return 'fault'
  if (statuses.has('cut off')) return 'cut off'
  return statuses.has('failed') ? 'failed' : 'clean'
}
