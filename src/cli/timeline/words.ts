import { formatDuration } from '../../base/duration.ts'
import { formatReason } from '../../base/reason.ts'
import { plural } from '../../base/summarize.ts'
import type { HookReport, Report } from '../../engine/report.ts'
import { whyCutOff } from '../../picture/report-times.ts'
import { errorTitle } from '../../picture/report-words.ts'
import { graceSourceOf } from '../../platform/grace-source.ts'

/** What started the run, how it ended and the code, for the head of a picture. */
export function titleOf(report: Report): { reason: string; outcome: string; code: string } {
  const { reason, outcome, exitCode } = report
  return { reason: formatReason(reason), outcome, code: `exit code ${exitCode}` }
}

/** The times of the run, and when it was. */
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

/** In a sentence or two what somebody wants to know first. */
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

/** A thing that was said: by a hook of itself, or of a hook or a fault. */
export interface HookText {
  readonly who: string
  readonly what: string
  readonly kind: 'cut' | 'failed' | 'note'
}

/** Of each hook what it was cut off by, what it failed with and what it said of itself; then the faults. */
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
