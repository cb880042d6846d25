import type { Clock } from '../runtime/clock.ts'
import { settling } from './settle.ts'

/** A clock that a test moves: nothing happens until it does. */
export class TestClock implements Clock {
  #now = 0
  #next = 1
  readonly #timers = new Map<number, { at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  date(): number {
    return BEGINNING + this.#now
  }

  setTimeout(run: () => void, milliseconds: number): number {
    const timer = this.#next++
    this.#timers.set(timer, { at: this.#now + milliseconds, run })
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number)
  }

  afterPoll(run: () => void): void {
    this.setTimeout(run, 0)
  }

  /** How many timers have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time on, timer by timer; promises settle before and after each of them. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds
    await settling(async (settle) => {
      for (;;) {
        await settle()
        const first = this.#first()
        if (!first || first.at > until) break
        this.#timers.delete(first.timer)
        this.#now = Math.max(this.#now, first.at)
        first.run()
      }
    })
    this.#now = Math.max(this.#now, until)
  }

  /** Time that passes while the loop is blocked: no timer fires. */
  block(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** The timer that fires next: of those for one instant the one that was set first. */
  #first(): { timer: number; at: number; run: () => void } | undefined {
    let first: { timer: number; at: number; run: () => void } | undefined
    for (const [timer, { at, run }] of this.#timers) {
      if (!first || at < first.at) first = { timer, at, run }
    }
    return first
  }
}

/** The time of day at which a test begins: the same in each, so that a report can be compared. */
const BEGINNING = Date.UTC(2000, 0, 1)
