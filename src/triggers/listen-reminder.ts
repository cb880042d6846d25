import { formatDuration } from '../base/duration.ts'
import { plural } from '../base/summarize.ts'
import type { Log } from '../observe/log.ts'
import type { Clock } from '../runtime/clock.ts'

/** How long after the last hook was added the reminder comes, in milliseconds. */
const REMIND_AFTER = 10_000

/**
 * Reminds of a forgotten `listen()`, once: without it a signal ends the process at once, and no hook runs.
 * The timer keeps nothing alive.
 */
export class ListenReminder {
  #hooks = 0
  #lastAt = 0
  #timer: unknown
  #isOver = false

  // The log and not a function that writes to it: the timer must not keep the shutdown in memory.
  constructor(
    readonly clock: Clock,
    readonly log: Log,
  ) {}

  added(hooks: number): void {
    this.#hooks += hooks
    this.#lastAt = this.clock.now()
    if (!this.#isOver && this.#timer === undefined) this.#wait(REMIND_AFTER)
  }

  /** There is nothing to be reminded of: the shutdown listens, or has begun. */
  stop(): void {
    this.#isOver = true
    this.clock.clearTimeout(this.#timer)
  }

  #wait(milliseconds: number): void {
    this.#timer = this.clock.setBackgroundTimeout(() => this.#check(), milliseconds)
  }

  #check(): void {
    const left = this.#lastAt + REMIND_AFTER - this.clock.now()
    if (left > 0) this.#wait(left)
    else this.#remindNow()
  }

  #remindNow(): void {
    this.stop()
    const msg = `listen() has not been called ${formatDuration(REMIND_AFTER)} after the last add(): a signal ends this process at once, and ${plural(this.#hooks, 'hook')} will not run. Call shutdown.listen(). If you only use shutdown.now(), say so with createShutdown({ signals: [] }).`
    this.log.write({ level: 'warn', fields: { event: 'listen:missing' }, msg })
  }
}
