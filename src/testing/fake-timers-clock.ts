import { type Clock, currentClock } from '../clock.ts'
import { invalidOption } from '../errors.ts'
import { settle } from './settle.ts'

/** Moves the fake timers of a test runner on; may return a promise. */
export type AdvanceTimers = (milliseconds: number) => unknown

/** The fake timers of a test runner as a clock: whatever timers are global when one is set. */
export class FakeTimersClock implements Clock {
  readonly #advance: AdvanceTimers
  /** How many poll phases somebody has waited for. */
  #polls = 0

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
    currentClock.afterPoll(() => {
      this.#polls++
      run()
    })
  }

  /** Moves time on. What needs no time happens before it and after it. */
  async advance(milliseconds: number): Promise<void> {
    await settle()
    const before = this.now()
    await this.#advance(milliseconds)
    await settle()
    if (this.now() - before < milliseconds) {
      throw invalidOption(
        'advanceTimers',
        'what moves the timers and the Date that are global now',
        this.#advance,
        'Turn the fake timers on before the shutdown is created, with Date among what they replace.',
      )
    }
    // What has settled may have come to something that is due after a poll phase, and so on.
    for (let polls = -1; polls !== this.#polls; ) {
      polls = this.#polls
      await this.#advance(0)
      await settle()
    }
  }
}
