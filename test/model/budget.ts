import type { PhaseName, Scenario, ScenarioHook } from './scenario.ts'

// Restated from docs/reference/core.md: Phases, Budget.

const PRIORITIES: Record<PhaseName, number> = {
  announce: 600,
  deregister: 500,
  unbind: 450,
  drain: 400,
  stop: 300,
  flush: 200,
  close: 100,
}

/** The share of the budget that is kept after the last phase where others' listeners are called then. */
const OTHERS_SHARE = 0.1

/** The share of the budget that a priority reserves for hooks that name no reserve. */
const SHARES = new Map([
  [600, 0.05],
  [500, 0.1],
  [450, 0.05],
  [400, 0.1],
  [300, 0.1],
  [200, 0.2],
  [100, 0.1],
])
const OTHER_SHARE = 0.05

const HANDOVER = 10

export function priorityOf({ phase, priority }: ScenarioHook): number {
  return phase === undefined ? (priority ?? 0) : PRIORITIES[phase]
}

export function marginOf({ grace, margin }: Scenario): number {
  return margin ?? Math.min(Math.max(grace * 0.1, 100), 2000)
}

export function budgetOf(scenario: Scenario): number {
  return scenario.grace - marginOf(scenario)
}

/** How long the process waits for stdout after a shutdown of this duration: for what is left of the grace. */
export function flushTime(duration: number, scenario: Scenario): number {
  return flushUntil(duration, 0, scenario)
}

/** The same where a fault comes meanwhile: the code that it changes is said, and flushed again. */
export function flushTimeWithFault(duration: number, scenario: Scenario): number {
  const first = flushTime(duration, scenario)
  return first < scenario.flushes ? flushUntil(duration, first, scenario) : first
}

/** When a flush ends that begins `after` the end of the shutdown. */
function flushUntil(duration: number, after: number, scenario: Scenario): number {
  const margin = marginOf(scenario)
  // A part of a small margin is left out: a signal may come late.
  const usable = Math.max(margin / 2, Math.min(margin, margin * 1.04 - 40))
  const until = (share: number) => scenario.grace - margin + usable * share - duration
  const most = Math.max(Math.min(after + usable * 0.9, until(0.9)), until(0.5))
  return Math.min(scenario.flushes, Math.max(after + 1, most))
}

/** Whether the reserves that these hooks name fit the budget. */
export function fitTogether(hooks: readonly ScenarioHook[], scenario: Scenario): boolean {
  return sum(phasesOf(hooks).map(named)) <= budgetOf(scenario)
}

/** The limits of hooks that begin together, when this time is left and other hooks are still to come. */
export function limitsOf(
  beginning: readonly ScenarioHook[],
  toCome: readonly ScenarioHook[],
  left: number,
  scenario: Scenario,
): number[] {
  const later = phasesOf(toCome)
  const all = [...phasesOf(beginning), ...later]
  const forOthers = scenario.others ? [OTHERS_SHARE * budgetOf(scenario)] : []
  const extras = [...all.map((phase) => extra(phase, scenario)), ...forOthers]
  const room = left - HANDOVER * (extras.length - 1) - sum(all.map(named))
  const scale = Math.min(1, Math.max(0, room) / (sum(extras) || 1))
  const kept = [
    ...later.map((phase) => named(phase) + Math.round(extra(phase, scenario) * scale) + HANDOVER),
    ...forOthers.map((wanted) => Math.round(wanted * scale) + HANDOVER),
  ]
  const free = left - sum(kept)
  return beginning.map(({ timeout = Number.POSITIVE_INFINITY, reserve = 0 }) => {
    if (left <= 0) return 0
    // A reserve must be available whole: half of the margin makes up for what is missing.
    const promised = Math.min(reserve, free + marginOf(scenario) / 2)
    return Math.max(1, Math.floor(Math.min(timeout, Math.max(free, promised))))
  })
}

/** The largest reserve that a hook of one phase names. */
function named(phase: readonly ScenarioHook[]): number {
  return Math.max(...phase.map(({ reserve = 0 }) => reserve))
}

/** What the phase reserves besides, for hooks that name no reserve, where there is room. */
function extra(phase: readonly ScenarioHook[], scenario: Scenario): number {
  const usual = phase
    .filter(({ reserve }) => reserve === undefined)
    .map((hook) => {
      const share = SHARES.get(priorityOf(hook)) ?? OTHER_SHARE
      return Math.min(share * budgetOf(scenario), hook.timeout ?? Number.POSITIVE_INFINITY)
    })
  return Math.max(0, ...usual.map((wanted) => wanted - named(phase)))
}

/** In the order in which they run: a sum in another order may differ in its last bit. */
function phasesOf(hooks: readonly ScenarioHook[]): ScenarioHook[][] {
  const priorities = [...new Set(hooks.map(priorityOf))].sort((one, other) => other - one)
  return priorities.map((priority) => hooks.filter((hook) => priorityOf(hook) === priority))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
