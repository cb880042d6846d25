import { LastcallError } from '../base/errors.ts'
import type { TestTime } from '../runtime/adapter-clock.ts'
import { Holds } from './holds.ts'
import { settling } from './node/settle.ts'

/** A clock that stands still until a test moves it. */
export class TestClock implements TestTime {
  readonly holds = new Holds()
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
    this.#timers.set(id, { id, setAt: this.#now, at: this.#now + milliseconds, run })
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

  hold(atMost: number): () => void {
    return this.holds.add(atMost)
  }

  /** How many timers have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves the time on, timer by timer; promises settle before and after each. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds
    let timersInARow = 0
    await settling(async (settle) => {
      for (;;) {
        await settle()
        const first = this.#first()
        if (!first || first.at > until) break
        this.#timers.delete(first.id)
        timersInARow = first.at > first.setAt ? 0 : timersInARow + 1
        if (timersInARow > MOST_AT_ONCE) throw standsStill(this.#now)
        this.#now = Math.max(this.#now, first.at)
        first.run()
      }
    })
    this.#now = Math.max(this.#now, until)
  }

  /** Moves the time to the timer that fires next. */
  async step(): Promise<void> {
    await this.advance(Math.max(0, (this.#first()?.at ?? this.#now) - this.#now))
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
  readonly setAt: number
  readonly at: number
  readonly run: () => void
}

/** After so many timers of 0 ms in a row, the time will never move. */
const MOST_AT_ONCE = 10_000

function standsStill(now: number): LastcallError {
  return new LastcallError(
    'LASTCALL_CLOCK_STANDS_STILL',
    `The clock of the test stands still at ${now} ms: ${MOST_AT_ONCE} timers of 0 ms have fired in a row. Most likely a loop calls sleep(0). Let it sleep for a millisecond or more.`,
  )
}

/** The date at which each test begins: always the same, so that reports can be compared. */
const EPOCH = Date.UTC(2000, 0, 1)
