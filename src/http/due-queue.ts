import type { Clock } from '../runtime/clock.ts'

/** How long may be spent on them in one turn of the loop, in milliseconds: ten thousand would block it. */
const TURN = 2

/**
 * Things that are due a fixed time after a moment of their own. They are added in the order of those
 * moments; then one timer serves them all. One that is out of order may be late, by that time at most.
 */
export class DueQueue<T> {
  readonly #since = new Map<T, number>()
  #armed = false
  #timer: unknown

  constructor(
    readonly milliseconds: number,
    readonly clock: Clock,
    /** Is told as of when it is judged: what has come since may not have been read yet. */
    readonly due: (item: T, asOf: number) => void,
  ) {}

  has(item: T): boolean {
    return this.#since.has(item)
  }

  add(item: T, since: number): void {
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
    if (this.#armed || since === undefined) return
    this.#armed = true
    // Never in the timer itself: what the kernel holds for us would not have been read by then, and
    // whoever has spoken would seem silent. And as of before the poll phase: while others are served
    // in it, which may take long, more may come that only the next one reads.
    const judge = () => {
      const asOf = this.clock.now()
      this.clock.afterPoll(() => this.#judge(asOf))
    }
    const wait = since + this.milliseconds - this.clock.now()
    if (wait <= 0) judge()
    else this.#timer = this.clock.setTimeout(judge, Math.ceil(wait))
  }

  #judge(asOf: number): void {
    this.#armed = false
    const began = this.clock.now()
    for (const [item, since] of this.#since) {
      if (asOf - since < this.milliseconds || this.clock.now() - began > TURN) break
      this.#since.delete(item)
      this.due(item, asOf)
    }
    this.#arm()
  }
}
