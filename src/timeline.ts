import { formatDuration } from './duration.ts'
import { formatReason } from './reason.ts'
import type { HookReport, PhaseReport, Report } from './report.ts'

/** How wide the picture is, and whether it is in colour. */
export interface FormatOptions {
  /** Columns. Default 80. */
  readonly width?: number
  /** ANSI colours. Default: none. */
  readonly colors?: boolean
}

/**
 * Draws a run for a terminal: a line for each hook, with a bar on a time scale that all share.
 *
 * @example
 * shutdown.on('end', ({ report }) => console.error(formatReport(report)))
 */
export function formatReport(report: Report, options: FormatOptions = {}): string {
  const { width = 80, colors = false } = options
  const paint = (color: keyof typeof COLORS, text: string) =>
    colors ? `${COLORS[color]}${text}${COLORS.reset}` : text
  const rows = report.phases.flatMap((phase) => phase.hooks.map((hook) => ({ phase, hook })))
  const names = column(rows.map(({ hook }) => hook.name))
  const phases = column(rows.map(({ phase }) => phase.name))
  const times = column(rows.map(({ hook }) => howLong(hook)))
  const endings = column(rows.map(({ hook }) => ending(hook)))
  const bars = Math.max(10, width - phases - names - times - endings - 8)
  const scale = Math.max(report.duration, 1)

  const lines = rows.map(({ phase, hook }, index) => {
    const first = rows[index - 1]?.phase !== phase
    const label = (first ? phase.name : '').padEnd(phases)
    const line = bar(hook, scale, bars)
    return `  ${paint('dim', label)}  ${hook.name.padEnd(names)}  ${paint(COLOR_OF[hook.status], line)}  ${howLong(hook).padStart(times)}${ending(hook)}`
  })
  return [paint('bold', headline(report)), ...lines, ...problems(report, rows)].join('\n')
}

const COLORS = {
  bold: '\u001b[1m',
  dim: '\u001b[2m',
  green: '\u001b[32m',
  red: '\u001b[31m',
  yellow: '\u001b[33m',
  reset: '\u001b[0m',
} as const

const COLOR_OF = { done: 'green', failed: 'red', 'cut off': 'yellow' } as const

function headline(report: Report): string {
  const where = report.platform.name === 'unknown' ? '' : ` (${report.platform.name})`
  return `${formatReason(report.reason)} → exit code ${report.exitCode} (${report.outcome}) after ${formatDuration(report.duration)}; deadline ${formatDuration(report.deadline)}, grace ${formatDuration(report.grace)}${where}`
}

function bar(hook: HookReport, scale: number, columns: number): string {
  if (hook.began === null) return '×'.padEnd(columns)
  const from = Math.min(columns - 1, Math.floor((hook.began / scale) * columns))
  const to = Math.max(from + 1, Math.min(columns, Math.round((hook.ended / scale) * columns)))
  const body = to - from === 1 ? '▏' : '█'.repeat(to - from)
  return `${' '.repeat(from)}${body}`.padEnd(columns)
}

function howLong(hook: HookReport): string {
  return hook.began === null ? 'never ran' : formatDuration(hook.ended - hook.began)
}

function ending(hook: HookReport): string {
  return hook.status === 'done' ? '' : `  ${hook.status}`
}

function problems(
  report: Report,
  rows: readonly { phase: PhaseReport; hook: HookReport }[],
): string[] {
  const notes = rows.flatMap(({ hook }) => hook.notes.map((note) => `  ${hook.name}: ${note}`))
  const errors = rows.flatMap(({ hook }) =>
    hook.status === 'failed' && hook.error
      ? [`  ${hook.name}: ${hook.error.name}: ${hook.error.message}`]
      : [],
  )
  const faults = report.faults.map(
    ({ origin, error }) => `  ${origin}: ${error.name}: ${error.message}`,
  )
  return [...notes, ...errors, ...faults]
}

function column(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, text.length), 0)
}
