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
  /** When the main thread begins to share the turns of its loop. */
  readonly turnsFrom: number
  readonly format: Log['onStderr']
  /** An expression. It exits the process in which it is evaluated. */
  readonly exitExpression: string
  /** What the main thread shares, at the places of `SHARED`. */
  readonly shared: Int32Array
  /** The names of the hooks that are running, one per line, ended by a zero byte. */
  readonly runningHooks: Uint8Array
}

/** What stands where in the memory that the main thread shares. */
export const SHARED = {
  /** The bits of `SIGNS` that are set. */
  signs: 0,
  /** When the process began to leave. */
  leftAt: 1,
  /** When the event loop has turned last. */
  turnedAt: 2,
  /** How long the turn took that ended then. */
  turn: 3,
} as const

/** Signs of life: bits that the main thread sets when it gets that far. */
export const SIGNS = {
  /** The timer of the deadline has fired. */
  deadline: 1,
  /** Every shutdown has ended, and the process leaves. */
  leaving: 2,
  /** `process.exit()` is running. */
  exiting: 4,
  /** The process has had threads that the exit waits for. */
  otherThreads: 8,
} as const

/**
 * The main thread shares the turns of its loop only late in a shutdown, so that it costs a shutdown that
 * is over sooner nothing. In milliseconds.
 */
export const TURNS = {
  /** How long before the deadline it begins. */
  before: 2000,
  /** How often it looks. */
  every: 50,
} as const
