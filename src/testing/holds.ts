import { realTimeout } from './node/real-time.ts'

/** What keeps the clock of a test from being moved by `run()`. */
export class Holds {
  readonly #held = new Set<object>()

  /** Returns a function that ends this hold. It ends by itself after so many milliseconds of real time. */
  add(atMost: number): () => void {
    const one = {}
    this.#held.add(one)
    const cancel = realTimeout(() => this.#held.delete(one), atMost)
    return () => {
      cancel()
      this.#held.delete(one)
    }
  }

  get isHeld(): boolean {
    return this.#held.size > 0
  }
}
