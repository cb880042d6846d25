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
  /** When the main thread first looks how long a turn of its loop takes. */
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
  /** Since when the event loop has not turned, as far as is known. In the future until the next timer is due. */
  turnFrom: 2,
  /** The longest turn that has ended since the thread looked. */
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
 * When the main thread looks how long the turns of its event loop take, in milliseconds. To wake an idle
 * loop costs 0.2 ms. So it looks seldom while the loop is on time: 3.2, 1.6, 0.8 and 0.2 s before the
 * deadline, and every 0.2 s from the deadline on.
 */
export const TURNS = {
  beforeDeadline: [3200, 1600, 800, 200],
  afterDeadline: 200,
  /** A timer that fires later shows a loop that is busy. Then it looks at each turn. */
  late: 20,
  whenLate: 10,
} as const
