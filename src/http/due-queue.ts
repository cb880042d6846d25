import type { Clock } from '../runtime/clock.ts'

/** How long items may be handled in one turn of the loop, in milliseconds: ten thousand would block it. */
const TURN = 2

/**
 * Items that are due a fixed time after a moment of their own. They are added in the order of those
 * moments, so one timer serves them all. One added out of order is late, by that time at most.
 */
export class DueQueue<T> {
  readonly #since = new Map<T, number>()
  #isArmed = false
  #timer: unknown

  constructor(
    readonly milliseconds: number,
    readonly clock: Clock,
    /** Called with an item that is due, and the moment of the check: what came later may not be read yet. */
    readonly onDue: (item: T, asOf: number) => void,
  ) {}

  has(item: T): boolean {
    return this.#since.has(item)
  }

  add(item: T, since = this.clock.now()): void {
    this.#since.delete(item)
    this.#since.set(item, since)
    this.#arm()
  }

  delete(item: T): void {
    this.#since.delete(item)
  }

  clear(): void {
    this.#since.clear()
    this.clock.clearTimeout(this.#timer)
  }

  #arm(): void {
    const [since] = this.#since.values()
    if (this.#isArmed || since === undefined) return
    this.#isArmed = true
    // Not in the timer itself, but after the next poll phase: before it, a client that has spoken seems
    // silent. The moment is taken before that phase: what comes in it may be read only by the next one.
    const check = () => {
      const asOf = this.clock.now()
      this.clock.afterPoll(() => this.#check(asOf))
    }
    const wait = since + this.milliseconds - this.clock.now()
    if (wait <= 0) check()
    else this.#timer = this.clock.setTimeout(check, Math.ceil(wait))
  }

  #check(asOf: number): void {
    this.#isArmed = false
    const began = this.clock.now()
    for (const [item, since] of this.#since) {
      if (asOf - since < this.milliseconds || this.clock.now() - began > TURN) break
      this.#since.delete(item)
      this.onDue(item, asOf)
    }
    this.#arm()
  }
}
