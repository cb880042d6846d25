import { formatDuration } from '../base/duration.ts'
import { graceSourceOf, type Platform } from '../platform/platform.ts'
import { printable } from '../text/printable.ts'
import { columnsOf, padEnd, padStart } from '../text/width.ts'
import { type Budget, HANDOVER, keepReserves, limitOf } from './budget.ts'
import type { HookGroup } from './registry.ts'
import { freeze } from './report.ts'

/**
 * What a shutdown would do: plain data that serialises to JSON. Times are in milliseconds. `deadline`
 * and `endsBy` count from the beginning of the shutdown.
 */
export interface Plan {
  readonly platform: Platform
  readonly grace: number
  readonly margin: number
  /** When all hooks have to be over: grace − margin. */
  readonly deadline: number
  /** In the order in which they run. */
  readonly phases: readonly PlannedPhase[]
}

export interface PlannedPhase {
  /** `priority 350` if no phase has that priority. */
  readonly name: string
  readonly priority: number
  /** The part of the budget that no earlier phase may use. */
  readonly reserve: number
  /** They run concurrently. */
  readonly hooks: readonly PlannedHook[]
}

export interface PlannedHook {
  readonly name: string
  /** Its limit if all hooks before it use up theirs. */
  readonly atLeast: number
  /** Its limit if the hooks before it take no time. */
  readonly atMost: number
  /** When it is cut off at the latest. */
  readonly endsBy: number
}

/**
 * The plan for these groups. Runs nothing and changes nothing.
 *
 * @param parts `earliest` and `latest` say when the first of the groups begins
 */
export function planOf(
  groups: readonly HookGroup[],
  parts: { budget: Budget; platform: Platform; earliest: number; latest: number },
): Plan {
  const { budget, platform, earliest, latest } = parts
  const { grace, margin } = budget
  // The time left at each phase: if no hook takes any time, and if each uses up its limit.
  const mostLeft = budget.deadline - earliest
  let leastLeft = budget.deadline - latest
  const phases = groups.map(({ label, priority, hooks }, index) => {
    const [best, worst] = [mostLeft, leastLeft].map((timeLeft) => {
      const { reserves, keptForLater } = keepReserves(
        groups.slice(index),
        timeLeft,
        1,
        budget.forOthers,
      )
      const [reserve] = reserves as [number]
      return { timeLeft, keptForLater, margin, reserve }
    }) as [PhaseTime, PhaseTime]
    const planned = [...hooks].map((hook) => {
      const atLeast = limitOf(hook, worst)
      const endsBy = budget.deadline - worst.timeLeft + atLeast
      return { name: hook.name, atLeast, atMost: limitOf(hook, best), endsBy }
    })
    // The timer of a limit may fire late.
    leastLeft -= planned.reduce((longest, { atLeast }) => Math.max(longest, atLeast), 0) + HANDOVER
    return { name: label, priority, reserve: best.reserve, hooks: planned }
  })
  return freeze({ platform, grace, margin, deadline: budget.deadline, phases })
}

type PhaseTime = { timeLeft: number; keptForLater: number; margin: number; reserve: number }

/**
 * Draws a plan as a table for a terminal or a snapshot: a line for each hook, in the order in which
 * they would run.
 *
 * @example
 * console.log(formatPlan(shutdown.plan()))
 */
export function formatPlan(plan: Plan): string {
  const { grace, margin, deadline, phases } = plan
  const rows = phases.flatMap(({ name, priority, hooks }) =>
    hooks.map((hook, index) => {
      const phase = name.endsWith(` ${priority}`) ? name : `${name} (${priority})`
      const times = [hook.atLeast, hook.atMost, hook.endsBy].map(formatDuration)
      return [index === 0 ? printable(phase) : '', printable(hook.name), ...times]
    }),
  )
  const head = ['phase', 'hook', 'at least', 'at most', 'over by']
  const table = [head, ...rows]
  const widths = head.map((_, column) =>
    table.reduce((widest, row) => Math.max(widest, columnsOf(row[column] ?? '')), 0),
  )
  const align = (cell: string, column: number) =>
    // Names on the left, times on the right.
    (column < 2 ? padEnd : padStart)(cell, Number(widths[column]))
  const lines = table.map((row) => `  ${row.map(align).join('  ').trimEnd()}`)
  const source = graceSourceOf(plan)
  const where = source === undefined ? '' : ` (${source})`
  const title = `deadline ${formatDuration(deadline)} = grace ${formatDuration(grace)}${where} − margin ${formatDuration(margin)}`
  return [title, ...lines].join('\n')
}
