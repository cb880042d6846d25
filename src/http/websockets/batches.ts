import type { Clock } from '../../runtime/clock.ts'

/** Times are in milliseconds. */
interface Pace {
  readonly size: number
  readonly interval: number
}

/** Hands items out at a pace: at most `size` at once, then none for an interval. */
export class Batches<T> {
  readonly #waiting = new Set<T>()
  #lastAt = Number.NEGATIVE_INFINITY
  #timer: unknown

  constructor(
    readonly pace: Pace,
    readonly clock: Clock,
    /** Returns whether the item counts: one that was put off leaves its place to the next. */
    readonly handOut: (item: T) => boolean,
  ) {}

  add(items: Iterable<T>): void {
    for (const item of items) this.#waiting.add(item)
    if (this.#timer !== undefined) return
    const wait = this.#lastAt + this.pace.interval - this.clock.now()
    if (wait > 0) this.#handOutIn(wait)
    else this.#handOut(this.pace.size)
  }

  delete(item: T): void {
    this.#waiting.delete(item)
  }

  /** Hands out all that wait, whatever the pace. */
  flush(): void {
    this.#handOut(this.#waiting.size)
  }

  clear(): void {
    this.#waiting.clear()
    this.#stopTimer()
  }

  #handOut(most: number): void {
    this.#stopTimer()
    let count = 0
    for (const item of this.#waiting) {
      if (count >= most) break
      this.#waiting.delete(item)
      if (this.handOut(item)) count++
    }
    if (count > 0) this.#lastAt = this.clock.now()
    if (this.#waiting.size > 0) this.#handOutIn(this.pace.interval)
  }

  #handOutIn(milliseconds: number): void {
    this.#timer = this.clock.setTimeout(() => this.#handOut(this.pace.size), milliseconds)
  }

  #stopTimer(): void {
    this.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
