import type { Clock } from '../runtime/clock.ts'

/** Milliseconds that one turn of the loop may spend on items: ten thousand would block the loop. */
const TURN = 2

/**
 * Items that are each due a fixed time after their own start. They are added in order of start, so
 * one timer serves all. An item added out of order is late by at most that time.
 */
export class DueQueue<T> {
  readonly #since = new Map<T, number>()
  #isArmed = false
  #timer: unknown

  constructor(
    readonly milliseconds: number,
    readonly clock: Clock,
    /** Called with a due item and the time of the check: later data may not be read yet. */
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
    // Checks after the next poll phase, not in the timer: before it, a client that has spoken seems
    // silent. Takes the time before that phase: data that arrives in it may be read only in the
    // next.
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
