import type { HookAccount } from './account.ts'
import { budgetOf, marginOf, priorityOf } from './budget.ts'
import { codeOf, forcedCode, outcomeOf } from './exit-codes.ts'
import type { Recording } from './recording.ts'
import { blocks, isAddedLater, type Scenario, type ScenarioHook } from './scenario.ts'

/**
 * What holds for every shutdown, whatever the model predicts. It also holds where hooks block the event
 * loop, except for what no library can promise then. Each law names what broke it.
 */
export const LAWS: { readonly [law: string]: (run: Run) => string[] } = {
  'a phase begins when all hooks of those before it are over': ({ hooks, recording }) => {
    const phases = [...new Set(hooks.map(({ priority }) => priority))]
    return phases.flatMap((phase) => {
      const began = beginningOf(hooks, phase)
      // The first hook of this phase was added when its turn had passed.
      if (hooks.some((hook) => hook.priority < phase && (hook.began ?? began) < began)) return []
      return hooks
        .filter(({ name, priority }) => priority > phase && (recording.added[name] ?? 0) < began)
        .filter(({ ended }) => ended !== null && ended > began)
        .map(({ name }) => `${name} was not over when priority ${phase} began`)
    })
  },

  'the hooks of a phase run concurrently': ({ hooks, recording }) =>
    hooks.flatMap(({ name, priority, began }) => {
      const phaseBegan = beginningOf(hooks, priority)
      if (began === null || (recording.added[name] ?? 0) >= phaseBegan) return []
      return hooks
        .filter((other) => other.priority === priority)
        .filter(({ began, ended }) => began !== null && ended !== null)
        .filter(({ ended }) => (ended ?? 0) < began)
        .map((other) => `${name} began after ${other.name} was over`)
    }),

  'every hook has its turn, once, or is named as cut off': ({ recording }) => {
    const { calls, hooks, added, report } = recording
    const missed = Object.keys(added).filter((name) => report && !hooks[name])
    const strangers = Object.keys(hooks).filter((name) => added[name] === undefined)
    const miscalled = Object.entries(hooks).filter(([name, { began }]) => {
      const seen = calls.filter(({ hook }) => hook === name).map(({ at }) => at)
      return String(seen) !== String(began === null ? [] : [began])
    })
    return [
      ...missed.map((name) => `${name} was passed over`),
      ...strangers.map((name) => `${name} was not to run`),
      ...miscalled.map(([name]) => `${name} was not called as the report has it`),
      ...calls.filter(({ nested }) => nested).map(({ hook }) => `${hook} was called from another`),
      ...calls.filter(({ hook }) => !hooks[hook]).map(({ hook }) => `${hook} is not accounted for`),
    ]
  },

  'a status tells the truth': ({ hooks, recording }) =>
    hooks
      .filter(({ name, began, ended, limit, status }) => {
        if (began === null) return status !== 'cut off'
        const settled = recording.settled.find(
          ({ hook, at }) => hook === name && at <= (ended ?? 0),
        )
        const abort = recording.aborts.find(({ hook }) => hook === name)
        if (status === null) return abort !== undefined
        if (status !== 'cut off') return abort || settled?.well !== (status === 'done')
        return !abort || abort.at !== ended || ended < began + limit
      })
      .map(({ name, status }) => `${name} was not ${status}`),

  'a hook knows how long it has': ({ scenario, recording }) => {
    const { calls, aborts, start, hooks } = recording
    const misled = calls.filter(({ hook, remaining, deadline }) => {
      // The time of day is not exact to the last bit.
      const isOff = Math.abs(deadline - start - budgetOf(scenario)) > 0.01
      return isOff || remaining !== hooks[hook]?.limit
    })
    const late = aborts.filter(({ remaining }) => remaining !== 0)
    return [...misled, ...late].map(({ hook }) => `${hook} got another time`)
  },

  'a signal that comes soon after the first is the same press, whenever it is heard': ({
    scenario,
    recording,
  }) => {
    const { samePressWithin, signals, happenings } = scenario
    const [first, ...more] = recording.signals.filter(({ happening }) => {
      const what = happenings[happening]?.what
      return what && 'send' in what && signals.includes(what.send)
    })
    return more
      .filter(({ came }) => first && samePressWithin > 0 && came < first.heard + samePressWithin)
      .map(({ happening }) => recording.replies[happening])
      .filter((reply) => reply !== 'same press' && reply !== 'ignored')
      .map((reply) => `${reply}`)
  },

  'a reserve that is named before the shutdown is available whole': ({ scenario, hooks }) => {
    // A reserve that is named during the shutdown may be more than the time left.
    const isLate = (hook: ScenarioHook) =>
      hook.reserve !== undefined && isAddedLater(hook, scenario)
    if (blocks(scenario) || scenario.hooks.some(isLate)) return []
    // Where reserves fill the budget, half of the margin has to suffice for the handovers.
    const turns = scenario.hooks.length + (scenario.others === 'after' ? 1 : 0)
    const handovers = Math.max(0, 10 * turns - marginOf(scenario) / 2)
    return hooks
      .filter(({ reserve = 0, limit }) => limit + handovers < reserve)
      .map(({ name, reserve, limit }) => `${name} had ${limit} of ${reserve} ms`)
  },

  'the deadline is kept': ({ scenario, hooks, recording }) => {
    const deadline = recording.start + budgetOf(scenario)
    const broken = hooks.filter(({ began, ended, reserve }) => {
      if (began === null) return ended === null || ended < deadline
      if (began >= deadline) return true
      if (blocks(scenario)) return false
      // A reserve may take half of the margin; less than 1 ms is no limit.
      const spare = reserve === undefined ? 1 : Math.max(1, marginOf(scenario) / 2)
      return (ended ?? 0) > deadline + spare
    })
    // Without a margin there is no time for the exit. A flush of less than 1 ms is none.
    const gone = recording.exit?.at ?? 0
    const isLate = !blocks(scenario) && gone > recording.start + scenario.grace + 2
    return [
      ...broken.map(({ name }) => `${name} ran past it, or was cut off before it`),
      ...(isLate ? ['the process was there after its grace'] : []),
    ]
  },

  'there is one report': ({ scenario, recording }) => {
    const { hooks, reports, report, exit, exits, replies, listeners } = recording
    if (replies.includes('forces') && !report) return []
    if (!report) return ['none']
    const [emitted, promised, ...more] = reports
    const last = Math.max(recording.start, ...Object.values(hooks).map(({ ended }) => ended ?? 0))
    return [
      ...(more.length > 0 ? ['more than one'] : []),
      ...(String(emitted) === String(promised) ? [] : ['the event and the promise differ']),
      ...(String(emitted?.toSorted()) === String(Object.keys(hooks).toSorted())
        ? []
        : ['not of all']),
      ...(report.at === last ? [] : ['not when the last hook was over']),
      ...(exits.length === (scenario.exit ? 1 : 0) ? [] : [`${exits.length} exits`]),
      ...(scenario.exit === (exit !== null) ? [] : ['it is not followed by what was asked for']),
      ...(scenario.exit ? [] : listeners.map((name) => `${name} is listened to after it`)),
    ]
  },

  'the exit code is that of the worst that happened': ({ scenario, recording }) => {
    const { report, exit, reason, replies, hooks } = recording
    const { happenings } = scenario
    const forced = happenings.find((_, index) => replies[index] === 'forces')?.what
    if (forced && 'send' in forced) {
      const code = forcedCode(forced.send, scenario)
      return exit?.code === code ? [] : [`${exit?.code}, and not ${code}`]
    }
    const faults = happenings.filter(({ what }, index) => {
      const reply = replies[index]
      return reply === 'counts' || (reply === 'begins' && 'fault' in what)
    })
    const statuses = Object.values(hooks).flatMap(({ status }) => status ?? [])
    const outcome = outcomeOf(statuses, faults.length)
    const code = codeOf(outcome, reason, scenario)
    // The outcome may become worse until the process exits.
    const last = replies.includes('comes late') ? codeOf('fault', reason, scenario) : code
    return [
      ...(report?.outcome === outcome ? [] : [`${report?.outcome}, and not ${outcome}`]),
      ...(report?.exitCode === code ? [] : [`${report?.exitCode}, and not ${code}`]),
      ...(!scenario.exit || exit?.code === last ? [] : [`${exit?.code}, and not ${last}`]),
    ]
  },
}

/** A scenario, its recording, and both for each hook that had its turn. */
export interface Run {
  readonly scenario: Scenario
  readonly recording: Recording
  readonly hooks: readonly HookRun[]
}

interface HookRun extends HookAccount {
  readonly name: string
  readonly priority: number
  readonly reserve: number | undefined
}

export function runOf(scenario: Scenario, recording: Recording): Run {
  const hooks = scenario.hooks.flatMap((hook) => {
    const account = recording.hooks[hook.name]
    if (!account) return []
    return [{ ...account, name: hook.name, priority: priorityOf(hook), reserve: hook.reserve }]
  })
  return { scenario, recording, hooks }
}

function beginningOf(hooks: readonly HookRun[], priority: number): number {
  const began = hooks
    .filter((hook) => hook.priority === priority)
    .flatMap(({ began }) => began ?? [])
  return Math.min(...began)
}
