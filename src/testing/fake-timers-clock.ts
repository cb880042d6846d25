import { invalidOption } from '../base/errors.ts'
import type { TestTime } from '../runtime/adapter-clock.ts'
import { currentClock } from '../runtime/clock.ts'
import { Holds } from './holds.ts'
import { settle } from './node/settle.ts'

/** Moves the fake timers of a test runner by so many milliseconds. It may return a promise. */
export type AdvanceTimers = (milliseconds: number) => unknown

/** The fake timers of a test runner as a clock. It uses the timers that are global at the time of each call. */
export class FakeTimersClock implements TestTime {
  readonly holds = new Holds()
  readonly #advance: AdvanceTimers
  /** The callbacks of `afterPoll()` that wait in the fake timers, by timer. */
  readonly #polls = new Map<unknown, () => void>()
  #isMoving = false

  constructor(advance: AdvanceTimers) {
    if (typeof advance !== 'function') {
      const rule = 'a function, such as (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds)'
      throw invalidOption('advanceTimers', rule, advance)
    }
    this.#advance = advance
  }

  now = currentClock.now
  date = currentClock.date
  setTimeout = currentClock.setTimeout
  setBackgroundTimeout = currentClock.setBackgroundTimeout
  clearTimeout = currentClock.clearTimeout
  unref = currentClock.unref

  afterPoll(run: () => void): void {
    // Outside of advance() it needs no fake timer: the test may have reset them, and then none would fire.
    if (!this.#isMoving) return void settle().then(run)
    const timer = this.setTimeout(() => {
      this.#polls.delete(timer)
      run()
    }, 0)
    this.#polls.set(timer, run)
  }

  hold(atMost: number): () => void {
    return this.holds.add(atMost)
  }

  /** Moves the time. Work that needs no time is done before and after. */
  async advance(milliseconds: number): Promise<void> {
    await settle()
    this.#isMoving = true
    try {
      await this.#move(milliseconds)
    } finally {
      this.#isMoving = false
    }
    await settle()
  }

  /** Moves the time a little. When the timers of the application fire, only the runner knows. */
  step(): Promise<void> {
    return this.advance(STEP)
  }

  async #move(milliseconds: number): Promise<void> {
    const before = this.now()
    // Fake timers count in whole milliseconds.
    await this.#advance(Math.ceil(milliseconds))
    await settle()
    if (this.now() - before < milliseconds) {
      const rule = 'what moves the timers and the Date that are global now'
      const fix =
        'Turn the fake timers on before the shutdown is created, with Date among what they replace.'
      throw invalidOption('advanceTimers', rule, this.#advance, fix)
    }
    // Some runners delay a timer of 0 ms that was set meanwhile by a millisecond. It must need no time.
    await this.#advance(0)
    while (this.#polls.size > 0) {
      for (const [timer, run] of [...this.#polls]) {
        this.clearTimeout(timer)
        this.#polls.delete(timer)
        run()
      }
      await settle()
      await this.#advance(0)
    }
  }
}

/** Milliseconds. The runners fire the timers in between at their exact times. */
const STEP = 10
