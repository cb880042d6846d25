import { formatDuration } from '../base/duration.ts'
import { inCall, invalidOption, refuseUnknownOptions } from '../base/errors.ts'
import { formatReason } from '../base/reason.ts'
import type { Report } from '../engine/report.ts'
import { graceSourceOf } from '../platform/platform.ts'
import { terminalOf } from '../runtime/outputs.ts'
import { printable } from '../text/printable.ts'
import { columnsOf, wrap } from '../text/width.ts'
import { condense } from './condense.ts'
import { whyCutOff } from './report-times.ts'
import { errorTitle, hangLines } from './report-words.ts'
import { ANSI } from './theme.ts'
import { drawBars, type Paint } from './timeline-bars.ts'

export interface FormatOptions {
  /** In columns, from 20 to 500. Default: the width of the terminal if stderr is one, else 80. */
  readonly width?: number | undefined
  /**
   * Whether to use ANSI colours. Default: whether stderr is a terminal. `NO_COLOR` and `FORCE_COLOR`
   * override that, as they do for Node itself.
   */
  readonly colors?: boolean | undefined
}

/**
 * Draws a shutdown for a terminal: a line for each hook, with a bar on one time scale. A thin line from a
 * bar leads to the hook's limit; `░` is the reserve of its phase. The notes of the hooks, and what went
 * wrong, follow below. No line is wider than the width.
 *
 * @example
 * shutdown.on('end', ({ report }) => console.error(formatReport(report)))
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export function formatReport(report: Report, options: FormatOptions = {}): string {
  const terminal = terminalOf('stderr')
  const width = inCall('formatReport()', () => {
    if (!Array.isArray(report?.phases)) {
      const fix = 'Write formatReport(await shutdown.now()), or pass the report of the event end.'
      throw invalidOption('report', 'the report of a shutdown that is over', report, fix)
    }
    refuseUnknownOptions(options, ['width', 'colors'], '{ width: 100 }')
    return validWidth(options.width ?? terminal.columns)
  })
  const colors = options.colors ?? terminal.colors
  const paint: Paint = (color, text) =>
    colors && text.trim() !== '' ? `${ANSI[color]}${text}${ANSI.reset}` : text
  const { report: shown, rest } = condense(report)
  const [title = '', ...others] = headline(shown, width)
  const head = [paint('bold', title), ...others]
  const left = rest.flatMap((line) => wrap(`  ${line}`, width, '  '))
  return [...head, ...drawBars(shown, width, paint), ...left, ...account(shown, width)].join('\n')
}

/** From 20 to 500 columns: a terminal may report 0, which must not end a shutdown with an error. */
function validWidth(width: unknown): number {
  if (typeof width !== 'number' || !Number.isFinite(width)) {
    throw invalidOption('width', 'a number of columns', width)
  }
  return Math.min(500, Math.max(20, Math.floor(width)))
}

function headline(report: Report, width: number): string[] {
  const { reason, exitCode, outcome, processOutcome, duration, deadline, grace } = report
  const other = processOutcome === undefined ? '' : `; another shutdown: ${processOutcome}`
  const what = `${formatReason(reason)} → exit code ${exitCode} (${outcome}${other}) after ${formatDuration(duration)}`
  const granted = [`grace ${formatDuration(grace)}`, graceSourceOf(report) ?? []].flat().join(', ')
  const within = `deadline ${formatDuration(deadline)} (${granted})`
  const line = printable(`${what}; ${within}`)
  if (columnsOf(line) <= width) return [line]
  return [what, `  ${within}`].flatMap((text) => wrap(printable(text), width, '  '))
}

/** What was cut off and why, the notes of the hooks, and what went wrong. */
function account(report: Report, width: number): string[] {
  const hooks = report.phases.flatMap((phase) => phase.hooks.map((hook) => ({ phase, hook })))
  const said = [
    ...hooks.flatMap(({ phase, hook }) =>
      hook.status === 'cut off' ? [[hook.name, whyCutOff(report, phase, hook)] as const] : [],
    ),
    ...hooks.flatMap(({ hook }) => hook.notes.map((note) => [hook.name, note] as const)),
    ...hooks.flatMap(({ hook }) =>
      hook.status === 'failed' && hook.error ? [[hook.name, errorTitle(hook.error)] as const] : [],
    ),
    ...report.faults.map(({ origin, error }) => [origin, errorTitle(error)] as const),
    ...hooks.flatMap(({ hook }) => hangLines(hook).map((line) => [hook.name, line] as const)),
  ]
  return said.flatMap(([who, what]) => {
    const [first = '', ...others] = what.split(/\r\n|\r|\n/).map(printable)
    return [`  ${printable(who)}: ${first}`, ...others.map((line) => `    ${line}`)].flatMap(
      (line) => wrap(line, width, '    '),
    )
  })
}
