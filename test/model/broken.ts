import { VirtualClock } from '../support/hooks/virtual.ts'
import { perform, performOn } from './perform.ts'
import type { Recording } from './recording.ts'
import type { Scenario } from './scenario.ts'

// Cores that are wrong in one way each: a check that has never failed proves nothing. Most are the real
// one, run with a changed scenario.

export function outOfOrder(scenario: Scenario): Promise<Recording> {
  const hooks = scenario.hooks.map((hook) =>
    hook.phase === 'close' ? { ...hook, phase: 'announce' as const } : hook,
  )
  return perform({ ...scenario, hooks })
}

export function withoutReserves(scenario: Scenario): Promise<Recording> {
  const hooks = scenario.hooks.map(({ reserve, ...hook }) => hook)
  return perform({ ...scenario, hooks })
}

export function withoutMargin(scenario: Scenario): Promise<Recording> {
  return perform({ ...scenario, margin: 0 })
}

export function alwaysWell(scenario: Scenario): Promise<Recording> {
  return perform({ ...scenario, exitCodes: { ...scenario.exitCodes, failed: 0, deadline: 0 } })
}

export function withoutSamePress(scenario: Scenario): Promise<Recording> {
  return perform({ ...scenario, samePressWithin: 0 })
}

/** Its timers fire late. */
export function late(scenario: Scenario): Promise<Recording> {
  const clock = new VirtualClock()
  return performOn(clock, scenario, new LateClock(clock))
}

class LateClock extends VirtualClock {
  readonly #inner: VirtualClock

  constructor(inner: VirtualClock) {
    super()
    this.#inner = inner
  }

  override now(): number {
    return this.#inner.now()
  }

  override setTimeout(run: () => void, milliseconds: number): number {
    return this.#inner.setTimeout(run, milliseconds * 1.1)
  }

  override clearTimeout(timer: unknown): void {
    this.#inner.clearTimeout(timer)
  }
}
