import type { Log } from '../../observe/log.ts'
import type { MarginTimes } from '../margin.ts'

/** What the watchdog's thread gets: plain data, and memory that it shares with the main thread. */
export interface WatchdogData {
  readonly pid: number
  /** When the shutdown began, by the clock of all threads. Times in milliseconds count from here. */
  readonly startedAt: bigint
  /** When the grace of this shutdown is over, by the same clock. */
  readonly graceOverAt: bigint
  /** When the grace of the last shutdown in the process is over. */
  readonly lastGraceOverAt: BigInt64Array
  readonly deadline: number
  readonly deadlineText: string
  readonly times: MarginTimes
  /** Halfway between the deadline and `times.killBy`. */
  readonly halfway: number
  readonly format: Log['onStderr']
  /** An expression. It exits the process in which it is evaluated. */
  readonly exitExpression: string
  /** At 0 the bits of `SIGNS` that the main thread has set, at 1 when it began to leave. */
  readonly signs: Int32Array
  /** The names of the hooks that are running, one per line, ended by a zero byte. */
  readonly runningHooks: Uint8Array
}

/** Signs of life: bits that the main thread sets when it gets that far. */
export const SIGNS = {
  /** The timer `EARLY` milliseconds before the deadline has fired. */
  early: 1,
  /** The timer of the deadline has fired. */
  deadline: 2,
  /** Every shutdown has ended, and the process leaves. */
  leaving: 4,
  /** `process.exit()` is running. */
  exiting: 8,
  /** The timer halfway through the margin has fired. */
  halfway: 16,
} as const

/** How long before the deadline the main thread gives its first sign, in milliseconds. */
export const EARLY = 200
