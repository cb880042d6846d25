import type { Budget } from '../engine/budget.ts'

/**
 * How the margin, from the deadline to the platform's SIGKILL, is divided when a shutdown took all its
 * time. Each number is a fraction of the margin, counted from the deadline; `atMost` is in milliseconds. Of a
 * margin under 1 s a part is left out, see `usableMargin()`.
 */
export const MARGIN_SHARES = {
  /** The watchdog gives a blocked event loop this long to go on. */
  blockedLoop: { from: 0, to: 0.3, atMost: 50 },
  /** Then the watchdog waits for the stack of the loop, and kills the process. */
  blockedStack: { from: 0.3, to: 0.65, atMost: 35 },
  /**
   * Loggers, stdout and stderr are flushed, then `process.exit()` is called, flushed or not. This starts
   * sooner if the hooks end sooner. The watchdog gives an exit the same time.
   */
  leaving: { from: 0, to: 0.9 },
  /** Until here stdout and stderr are flushed, however early the hooks have ended: their reader may pause. */
  outputs: { from: 0, to: 0.5 },
  /** The watchdog waits for the stack of an exit that is stuck. */
  stuckStack: { from: 0.92, to: 0.96, atMost: 35 },
  /** The watchdog kills the process. */
  kill: { from: 0.96, to: 0.98 },
  /** The exit guard kills a process whose exit has ended the watchdog's thread. */
  guard: { from: 0.98, to: 1 },
} as const

/** The shares of one margin in milliseconds. Points in time count from the start of the shutdown. */
export interface MarginTimes {
  /** The longest time from the end of the last hook to `process.exit()`. */
  readonly leaving: number
  /** When `process.exit()` is called at the latest. */
  readonly exitBy: number
  /** Until when stdout and stderr are flushed, also where `leaving` is over. */
  readonly outputsBy: number
  /** When the watchdog kills the process at the latest. */
  readonly killBy: number
  /** How much later than the watchdog the exit guard kills. */
  readonly guardDelay: number
  readonly blocked: Patience
  readonly stuck: Patience
}

/** In milliseconds: how late the main thread may be, and how long the watchdog then waits for its stack. */
export interface Patience {
  readonly late: number
  readonly stack: number
}

export function marginTimes(budget: Budget): MarginTimes {
  const { deadline } = budget
  const margin = usableMargin(budget.margin)
  const { blockedLoop, blockedStack, leaving, outputs, stuckStack, kill, guard } = MARGIN_SHARES
  const lengthOf = (share: { from: number; to: number; atMost?: number }) =>
    Math.min(share.atMost ?? Number.POSITIVE_INFINITY, margin * (share.to - share.from))
  return {
    leaving: lengthOf(leaving),
    exitBy: deadline + margin * leaving.to,
    outputsBy: deadline + margin * outputs.to,
    killBy: deadline + margin * kill.from,
    guardDelay: margin * (guard.from - kill.from),
    blocked: { late: lengthOf(blockedLoop), stack: lengthOf(blockedStack) },
    stuck: { late: 0, stack: lengthOf(stuckStack) },
  }
}

/** How long before the end of the grace the watchdog kills at the latest: the signal may have come late. */
const HEADROOM = 40

/** The margin without what is left out, so that the kill comes `HEADROOM` before its end. At least half of it. */
function usableMargin(margin: number): number {
  const left = margin * (1 - MARGIN_SHARES.kill.from)
  return Math.max(margin / 2, margin - Math.max(0, HEADROOM - left))
}
