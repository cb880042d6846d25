import type { Clock } from '../runtime/clock.ts'
import { settling } from './node/settle.ts'

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #now = 0
  #nextId = 1
  readonly #timers = new Map<number, Timer>()

  now(): number {
    return this.#now
  }

  date(): number {
    return EPOCH + this.#now
  }

  setTimeout(run: () => void, milliseconds: number): number {
    const id = this.#nextId++
    this.#timers.set(id, { id, at: this.#now + milliseconds, run })
    return id
  }

  setBackgroundTimeout(run: () => void, milliseconds: number): number {
    return this.setTimeout(run, milliseconds)
  }

  clearTimeout(id: unknown): void {
    this.#timers.delete(id as number)
  }

  unref(): void {}

  afterPoll(run: () => void): void {
    this.setTimeout(run, 0)
  }

  /** How many timers have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves the time on, timer by timer; promises settle before and after each. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds
    await settling(async (settle) => {
      for (;;) {
        await settle()
        const first = this.#first()
        if (!first || first.at > until) break
        this.#timers.delete(first.id)
        this.#now = Math.max(this.#now, first.at)
        first.run()
      }
    })
    this.#now = Math.max(this.#now, until)
  }

  /** Lets time pass as if the loop were blocked: no timer fires. */
  block(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** The timer that fires next. Of several due at once, the one that was set first. */
  #first(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers.values()) if (!first || timer.at < first.at) first = timer
    return first
  }
}

interface Timer {
  readonly id: number
  readonly at: number
  readonly run: () => void
}

/** The date at which each test begins: always the same, so that reports can be compared. */
const EPOCH = Date.UTC(2000, 0, 1)
