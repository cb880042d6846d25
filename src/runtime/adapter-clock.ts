import { type Clock, systemClock } from './clock.ts'

/** The clock of a test, which a test moves. */
export interface TestTime extends Clock {
  /**
   * Keeps `run()` of the test kit from moving the time, for so many milliseconds of real time at most.
   * Returns a function that ends this.
   */
  hold(atMost: number): () => void
}

/** The property of a hook's context that has the clock of a test. All copies of this package share it. */
const TEST_TIME = Symbol.for('lastcall.testTime')

/** Hands the clock of a test to the adapters. On the system's clock, contexts stay as they are. */
export function lendTestTime(context: object, clock: Clock): void {
  if ('hold' in clock) Object.defineProperty(context, TEST_TIME, { value: clock })
}

/** The clock of the test in which a hook runs; `undefined` outside of tests. */
function testTimeOf(context: object): TestTime | undefined {
  return (context as { [TEST_TIME]?: TestTime })[TEST_TIME]
}

/**
 * Notes that a hook waits for something that takes real time in a test, too, such as the end of a child
 * process. Returns a function to call when that is over.
 *
 * @param atMost milliseconds of real time after which the test does not wait for it any more
 */
export function holdTestTime(context: object, atMost: number): () => void {
  return testTimeOf(context)?.hold(atMost) ?? (() => {})
}

/**
 * The clock of an adapter: the system's, and from a hook on that runs in a test, the clock of that test. Its
 * time goes on without a jump.
 */
export class AdapterClock implements Clock {
  #clock: Clock = systemClock
  /** What to add to the times of the clock. */
  #offset = { now: 0, date: 0 }

  follow(context: object): void {
    const next = testTimeOf(context)
    if (next === undefined || next === this.#clock) return
    this.#offset = { now: this.now() - next.now(), date: this.date() - next.date() }
    this.#clock = next
  }

  now = () => this.#clock.now() + this.#offset.now
  date = () => this.#clock.date() + this.#offset.date

  setTimeout(run: () => void, milliseconds: number): unknown {
    return this.#timer(this.#clock, this.#clock.setTimeout(run, milliseconds))
  }

  setBackgroundTimeout(run: () => void, milliseconds: number): unknown {
    return this.#timer(this.#clock, this.#clock.setBackgroundTimeout(run, milliseconds))
  }

  clearTimeout(timer: unknown): void {
    const { clock, id } = Object(timer) as Partial<AdapterTimer>
    clock?.clearTimeout(id)
  }

  unref(timer: unknown): void {
    const { clock, id } = timer as AdapterTimer
    clock.unref(id)
  }

  // The poll phase is that of the event loop, whatever the time is.
  afterPoll(run: () => void): void {
    systemClock.afterPoll(run)
  }

  #timer(clock: Clock, id: unknown): AdapterTimer {
    return { clock, id }
  }
}

/** Called by each hook of an adapter when it begins: from then on its clock is that of the test, if there is one. */
export function followTestTime(clock: Clock, context: object): void {
  if ('follow' in clock) (clock as AdapterClock).follow(context)
}

interface AdapterTimer {
  readonly clock: Clock
  readonly id: unknown
}
