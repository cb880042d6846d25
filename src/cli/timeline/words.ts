import { formatDuration } from '../../base/duration.ts'
import { formatReason } from '../../base/reason.ts'
import { plural } from '../../base/summarize.ts'
import type { HookReport, Report } from '../../engine/report.ts'
import { cutName } from '../../picture/condense.ts'
import { whyCutOff } from '../../picture/report-times.ts'
import { errorTitle } from '../../picture/report-words.ts'
import { graceSourceOf } from '../../platform/platform.ts'

/** The head of a picture: what started the shutdown, how it ended, and the exit code. */
export function titleOf(report: Report): { reason: string; outcome: string; code: string } {
  const { reason, outcome, exitCode, processOutcome } = report
  const other = processOutcome === undefined ? '' : ` (another shutdown: ${processOutcome})`
  return { reason: formatReason(reason), outcome, code: `exit code ${exitCode}${other}` }
}

/** The head of a picture as one text. */
export function headlineOf(report: Report): string {
  const { reason, outcome, code } = titleOf(report)
  return `${reason} → ${outcome} → ${code}`
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

/** The hook counts, the faults and the longest hook. */
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
      ? ` ${cutName(longest.name)} took longest, ${formatDuration(took(longest))}.`
      : ''
  return `${counted}${besides}.${most}`
}

/** A text about a hook or a fault. */
interface Account {
  readonly who: string
  readonly what: string
  readonly kind: 'cut' | 'failed' | 'note'
}

/** For each hook its cut-off, error and notes; then the faults. */
export function accountOf(report: Report): Account[] {
  const account: Account[] = []
  for (const phase of report.phases) {
    for (const hook of phase.hooks) {
      const { name: who, status, error, notes } = hook
      if (status === 'cut off') {
        account.push({ who, what: whyCutOff(report, phase, hook), kind: 'cut' })
      }
      if (status === 'failed' && error) {
        account.push({ who, what: errorTitle(error), kind: 'failed' })
      }
      account.push(...notes.map((what) => ({ who, what, kind: 'note' as const })))
    }
  }
  for (const [index, { origin, at, error }] of report.faults.entries()) {
    const what = `${origin} at ${formatDuration(at)}: ${errorTitle(error)}`
    account.push({ who: `fault ${index + 1}`, what, kind: 'failed' })
  }
  return account
}
