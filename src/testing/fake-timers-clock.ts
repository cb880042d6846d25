import { invalidOption } from '../base/errors.ts'
import { type Clock, currentClock } from '../runtime/clock.ts'
import { settle } from './settle.ts'

/** Moves the fake timers of a test runner on; may return a promise. */
export type AdvanceTimers = (milliseconds: number) => unknown

/** The fake timers of a test runner as a clock: whatever timers are global when one is set. */
export class FakeTimersClock implements Clock {
  readonly #advance: AdvanceTimers
  /** What waits for a poll phase, by its timer. */
  readonly #polls = new Map<unknown, () => void>()

  constructor(advance: AdvanceTimers) {
    if (typeof advance !== 'function') {
      throw invalidOption(
        'advanceTimers',
        'a function, such as (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds)',
        advance,
      )
    }
    this.#advance = advance
  }

  now = currentClock.now
  date = currentClock.date
  setTimeout = currentClock.setTimeout
  clearTimeout = currentClock.clearTimeout

  afterPoll(run: () => void): void {
    const timer = this.setTimeout(() => {
      this.#polls.delete(timer)
      run()
    }, 0)
    this.#polls.set(timer, run)
  }

  /** Moves time on. What needs no time happens before it and after it. */
  async advance(milliseconds: number): Promise<void> {
    await settle()
    const before = this.now()
    // Fake timers know of whole milliseconds only.
    await this.#advance(Math.ceil(milliseconds))
    await settle()
    if (this.now() - before < milliseconds) {
      throw invalidOption(
        'advanceTimers',
        'what moves the timers and the Date that are global now',
        this.#advance,
        'Turn the fake timers on before the shutdown is created, with Date among what they replace.',
      )
    }
    // What was set while time moved is due a millisecond later in some runners: it needs no time here.
    await this.#advance(0)
    while (this.#polls.size > 0) {
      this.#runPolls()
      await settle()
      await this.#advance(0)
    }
    await settle()
  }

  /** Runs what waits for a poll phase now, in place of its timers. */
  #runPolls(): void {
    for (const [timer, run] of [...this.#polls]) {
      this.clearTimeout(timer)
      this.#polls.delete(timer)
      run()
    }
  }
}
