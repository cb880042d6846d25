import type { ErrorInfo, Fault, Reason } from '../base/reason.ts'
import type { Platform } from '../platform/platform.ts'

/**
 * How a run ended as a whole. `forced` never stands in a report: a second press leaves no time for
 * one.
 */
export type Outcome = 'clean' | 'failed' | 'cut off' | 'fault'

/** How a hook ended. A hook that was cut off before it began has `began: null`. */
export type HookStatus = 'done' | 'failed' | 'cut off'

/** The immutable account of one run: plain data that serialises to JSON. Times count from the start of the run, in milliseconds. */
export interface Report {
  readonly version: 1
  readonly reason: Reason
  readonly platform: Platform
  readonly outcome: Outcome
  /** The code that this shutdown leaves with. With several in one process the worst one counts. */
  readonly exitCode: number
  /** The time of day at which the run began, in ISO 8601. */
  readonly startedAt: string
  readonly grace: number
  readonly margin: number
  /** When every hook had to be over: grace − margin. */
  readonly deadline: number
  /** When the last hook was over. */
  readonly duration: number
  /** In the order in which they ran. */
  readonly phases: readonly PhaseReport[]
  /** What went wrong outside of the hooks, what started the run included. */
  readonly faults: readonly Fault[]
}

export interface PhaseReport {
  /** `priority 450` where no phase has that priority. */
  readonly name: string
  readonly priority: number
  /** What was kept for it of the budget. */
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
  readonly began: number | null
  /** When it settled or was cut off. */
  readonly ended: number
  /** How long it was allowed to take. */
  readonly limit: number
  /** What it said of itself. */
  readonly notes: readonly string[]
  readonly error: ErrorInfo | null
  /** What else was under way when it was cut off. */
  readonly hang: Hang | null
}

/** What was under way when a hook was cut off, besides what its notes say. */
export interface Hang {
  /** The other hooks that were running, and could go on. */
  readonly others: readonly RunningHook[]
  /**
   * What kept the event loop going, and how many of each, as `process.getActiveResourcesInfo()` names
   * them: the timers of this library included.
   */
  readonly resources: Readonly<Record<string, number>>
}

export interface RunningHook {
  readonly name: string
  readonly phase: string | null
  readonly priority: number
  /** Milliseconds since it began. */
  readonly age: number
  /** What it said that it waits for. */
  readonly waitingFor: readonly string[]
}

/** Freezes plain data all the way down. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) freeze(part)
    Object.freeze(value)
  }
  return value
}

/** How the run as a whole ended, from what stands in its report. */
export function outcomeOf(phases: readonly PhaseReport[], faults: readonly Fault[]): Outcome {
  const ended = new Set(phases.flatMap((phase) => phase.hooks.map((hook) => hook.status)))
  if (faults.length > 0) return 'fault'
  if (ended.has('cut off')) return 'cut off'
  return ended.has('failed') ? 'failed' : 'clean'
}
