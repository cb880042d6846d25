import type { Reply, Scenario, Signal } from './scenario.ts'

/** What signals do. Restated from docs/reference/core.md: Signals. */
export class Presses {
  readonly #pressed = new Set<Signal>()
  #ends = 0

  constructor(readonly scenario: Scenario) {}

  replyTo(signal: Signal, now: number, hasBegun: boolean): Reply {
    const { signals, forceOn, samePressWithin, exit } = this.scenario
    if (!signals.includes(signal)) return signal === 'SIGHUP' && hasBegun ? 'repeat' : 'ignored'
    const isFirst = this.#pressed.size === 0
    const isAgain = this.#pressed.has(signal)
    this.#pressed.add(signal)
    if (isFirst) {
      this.#ends = now + samePressWithin
      return hasBegun ? 'repeat' : 'begins'
    }
    if (now < this.#ends) return 'same press'
    return isAgain && forceOn.includes(signal) && exit ? 'forces' : 'repeat'
  }
}
