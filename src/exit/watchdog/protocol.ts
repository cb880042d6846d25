import type { Log } from '../../observe/log.ts'

/** What the thread is handed: plain data, and memory that it shares with the main thread. */
export interface WatchdogData {
  readonly pid: number
  /** When the run began, by the clock of all threads; the times in milliseconds count from there. */
  readonly startedAt: bigint
  /** When its grace is over, by the same clock, and that of the last shutdown of the process. */
  readonly until: bigint
  readonly lastUntil: BigInt64Array
  readonly deadline: number
  /** Half of the time from there to when it has to be gone. */
  readonly halfway: number
  /** When the process has to be gone that has begun to leave. */
  readonly leaveBy: number
  /** The longest that an exit may take that has begun in time. */
  readonly exitTime: number
  /** What a loop that is blocked at the deadline is granted, and an exit that should be over. */
  readonly blocked: Patience
  readonly stuck: Patience
  readonly format: Log['onStderr']
  /** The expression that ends a process in which it is evaluated. */
  readonly exitAtOnce: string
  /** The deadline as a person reads it. */
  readonly limit: string
  /** The signs that the main thread has given, and when it began to leave. */
  readonly signs: Int32Array
  /** The names of the hooks that are running, a line each, ended by a zero. */
  readonly running: Uint8Array
}

/** In milliseconds: how late it may be, and how long its stack is waited for then. */
export interface Patience {
  readonly waits: number
  readonly listens: number
}

/** What the main thread shows itself to have reached, as bits. */
export const SIGNS = {
  /** Its timer has fired so long before the deadline. */
  early: 1,
  /** Its timer for the deadline has fired. */
  deadline: 2,
  /** Its timer has fired for half of the time that it has to leave. */
  halfway: 16,
  /** Every shutdown has ended: it leaves. */
  leaving: 4,
  /** `process.exit()` is under way. */
  exiting: 8,
} as const

/** How long before the deadline the main thread gives its first sign, in milliseconds. */
export const EARLY = 200
