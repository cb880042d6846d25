import { formatDuration } from '../base/duration.ts'
import { graceSourceOf } from '../platform/grace-source.ts'
import type { Platform } from '../platform/platform.ts'
import { columnsOf, padEnd, padStart, printable } from '../text/width.ts'
import { type Budget, HANDOVER, keepReserves, limitOf } from './budget.ts'
import type { Group } from './registry.ts'
import { freeze } from './report.ts'

/**
 * What a run would do: plain data that serialises to JSON. Times are in milliseconds; what counts
 * from somewhere counts from the start of the run.
 */
export interface Plan {
  readonly platform: Platform
  readonly grace: number
  readonly margin: number
  /** When every hook has to be over: grace − margin. */
  readonly deadline: number
  /** In the order in which they run. */
  readonly phases: readonly PlannedPhase[]
}

export interface PlannedPhase {
  /** `priority 450` where no phase has that priority. */
  readonly name: string
  readonly priority: number
  /** What is kept for it of the budget. */
  readonly reserve: number
  /** They run concurrently. */
  readonly hooks: readonly PlannedHook[]
}

export interface PlannedHook {
  readonly name: string
  /** How long it may take even where everything before it takes as long as it may. */
  readonly atLeast: number
  /** How long it may take where nothing before it takes any time. */
  readonly atMost: number
  /** When it is cut off at the latest. */
  readonly endsBy: number
}

/** What would run of these, of which the first begin then. Nothing is run and nothing changes. */
export function planOf(
  groups: readonly Group[],
  parts: { budget: Budget; platform: Platform; earliest: number; latest: number },
): Plan {
  const { budget, platform, earliest, latest } = parts
  const { grace, margin } = budget
  // Both times go through all phases: here nothing takes any time, there everything all it may.
  const quick = budget.deadline - earliest
  let slow = budget.deadline - latest
  const phases = groups.map(({ label, priority, hooks }, index) => {
    const [best, worst] = [quick, slow].map((left) => {
      const { reserves, later } = keepReserves(groups.slice(index), left, 1)
      const [reserve] = reserves as [number]
      return { left, later, margin, reserve }
    }) as [Remaining, Remaining]
    const planned = [...hooks].map((hook) => {
      const atLeast = limitOf(hook, worst)
      const endsBy = budget.deadline - worst.left + atLeast
      return { name: hook.name, atLeast, atMost: limitOf(hook, best), endsBy }
    })
    // A limit's timer fires late.
    slow -= planned.reduce((longest, { atLeast }) => Math.max(longest, atLeast), 0) + HANDOVER
    return { name: label, priority, reserve: best.reserve, hooks: planned }
  })
  return freeze({ platform, grace, margin, deadline: budget.deadline, phases })
}

type Remaining = { left: number; later: number; margin: number; reserve: number }

/**
 * Draws a plan for a terminal, or for a snapshot: a line for each hook, in the order in which they
 * would run.
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
