import { formatDuration } from '../../base/duration.ts'
import { formatReason } from '../../base/reason.ts'
import { plural } from '../../base/summarize.ts'
import type { HookReport, Report } from '../../engine/report.ts'
import { whyCutOff } from '../../picture/report-times.ts'
import { errorTitle } from '../../picture/report-words.ts'
import { graceSourceOf } from '../../platform/grace-source.ts'

/** The head of a picture: what started the shutdown, how it ended, and the exit code. */
export function titleOf(report: Report): { reason: string; outcome: string; code: string } {
  const { reason, outcome, exitCode } = report
  return { reason: formatReason(reason), outcome, code: `exit code ${exitCode}` }
}

/** The times of the shutdown, and its date. */
export function factsOf(report: Report): string[] {
  const { duration, deadline, grace, margin, startedAt } = report
  const source = graceSourceOf(report)
  const where = source === undefined ? '' : ` (${source})`
  return [
    `took ${formatDuration(duration)}`,
    `deadline ${formatDuration(deadline)} = grace ${formatDuration(grace)}${where} − margin ${formatDuration(margin)}`,
    startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'),
  ].map((fact) => fact.replace(/(\d) (ms|s|min)\b/g, '$1\u00a0$2'))
}

/** What a reader wants to know first, in a sentence or two. */
export function summaryOf({ phases, faults }: Report): string {
  const hooks = phases.flatMap((phase) => phase.hooks)
  const endings = (['done', 'failed', 'cut off'] as const).flatMap((status) => {
    const number = hooks.filter((hook) => hook.status === status).length
    return number === 0 ? [] : [`${number} ${status}`]
  })
  const counted =
    hooks.length === 0 ? 'No hook ran' : `${plural(hooks.length, 'hook')}: ${endings.join(', ')}`
  const besides = faults.length === 0 ? '' : `; ${plural(faults.length, 'fault')}`
  const took = ({ began, ended }: HookReport) => ended - (began ?? ended)
  const [longest] = [...hooks].sort((one, other) => took(other) - took(one))
  const most =
    longest && hooks.length > 1 && took(longest) > 0
      ? ` ${longest.name} took longest, ${formatDuration(took(longest))}.`
      : ''
  return `${counted}${besides}.${most}`
}

/** A text about a hook or a fault. */
export interface HookText {
  readonly who: string
  readonly what: string
  readonly kind: 'cut' | 'failed' | 'note'
}

/** For each hook what cut it off, its error and its notes; then the faults. */
export function accountOf(report: Report): HookText[] {
  const hooks = report.phases.flatMap((phase) =>
    phase.hooks.flatMap((hook): HookText[] => {
      const { name: who, status, error, notes } = hook
      const failed = status === 'failed' && error ? [errorTitle(error)] : []
      const cut = status === 'cut off' ? [whyCutOff(report, phase, hook)] : []
      return [
        ...cut.map((what) => ({ who, what, kind: 'cut' as const })),
        ...failed.map((what) => ({ who, what, kind: 'failed' as const })),
        ...notes.map((what) => ({ who, what, kind: 'note' as const })),
      ]
    }),
  )
  const faults = report.faults.map(({ origin, at, error }, index) => ({
    who: `fault ${index + 1}`,
    what: `${origin} at ${formatDuration(at)}: ${errorTitle(error)}`,
    kind: 'failed' as const,
  }))
  return [...hooks, ...faults]
}
