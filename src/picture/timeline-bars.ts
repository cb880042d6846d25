import { formatDuration } from '../base/duration.ts'
import type { HookReport, Report } from '../engine/report.ts'
import { printable } from '../text/printable.ts'
import { columnsOf, padEnd, padStart, shorten, wrap } from '../text/width.ts'
import { limitOfHook, reservedOf, type Stretch, spanOf, ticksOf } from './report-times.ts'
import { TERMINAL_COLORS, type TerminalColor } from './theme.ts'

/** Colours a text, or returns it unchanged if there are no colours. */
export type Paint = (color: TerminalColor, text: string) => string

/** A line for each hook and each fault, then the time axis, and a legend if `░` occurs. */
export function drawBars(report: Report, width: number, paint: Paint): string[] {
  const rows = rowsOf(report)
  if (rows.length === 0) return []
  const widest = (part: (row: Row) => string) =>
    rows.reduce((most, row) => Math.max(most, columnsOf(part(row))), 0)
  const times = widest((row) => row.time)
  const endings = widest((row) => row.ending)
  const beside = times + (endings === 0 ? 0 : endings + 2) + 8
  const [phases, names] = share(
    widest((row) => row.phase),
    widest((row) => row.name),
    width - beside,
  )
  const room = width - beside - phases - names
  const isNarrow = room < LEAST_BAR
  const scale = scaleOf(spanOf(report), isNarrow ? width - 2 : room)
  const left = isNarrow ? 2 : phases + names + 6

  const lines = rows.flatMap((row, index) => {
    const isFirst = rows[index - 1]?.phase !== row.phase
    const phase = isFirst ? row.phase : ''
    const after = row.ending === '' ? '' : `  ${row.ending}`
    const bar = draw(row.bar(scale), scale, paint)
    if (isNarrow) {
      const label = [phase, row.name, row.time, row.ending].filter(Boolean).join('  ')
      return [...wrap(`  ${label}`, width, '  '), `  ${bar}`.trimEnd()]
    }
    const label = `  ${paint('dim', padEnd(shorten(phase, phases), phases))}  ${padEnd(shorten(row.name, names), names)}`
    return [`${label}  ${bar}  ${padStart(row.time, times)}${after}`.trimEnd()]
  })
  const below = axis(report, spanOf(report), scale).map((line) => ' '.repeat(left) + line)
  if (lines.some((line) => line.includes('░'))) below.push(LEGEND)
  return [...lines, ...below.map((line) => paint('dim', line))]
}

/** A line of the picture: the texts beside the bar, and the bar. */
interface Row {
  readonly phase: string
  readonly name: string
  readonly time: string
  readonly ending: string
  bar(scale: Scale): Bar
}

/** Coloured parts of a line, from a column on. */
interface Bar {
  readonly from: number
  readonly parts: readonly (readonly [TerminalColor, string])[]
}

interface Scale {
  /** The column of a time, at most the last one. */
  columnOf(time: number): number
  readonly columns: number
}

const LEGEND = '  ┤ limit  ░ reserve'

/** With less room than this, the bars have separate lines below the names. */
const LEAST_BAR = 12

/**
 * Shares columns between the phase names and the hook names: all they need, if the bars keep half of the
 * columns, or 40.
 */
function share(phases: number, names: number, columns: number): [number, number] {
  const most = Math.max(0, Math.floor(columns / 2))
  if (phases + names <= most || phases + names <= columns - 40) return [phases, names]
  const forPhases = Math.min(phases, Math.max(11, Math.floor(most / 3)))
  return [forPhases, Math.min(names, Math.max(6, most - forPhases))]
}

function scaleOf(span: number, columns: number): Scale {
  const columnOf = (time: number) =>
    Math.max(0, Math.min(columns - 1, Math.floor((time / Math.max(span, 1)) * columns)))
  return { columns, columnOf }
}

function rowsOf(report: Report): Row[] {
  const reserved = reservedOf(report)
  const span = spanOf(report)
  const hooks = report.phases.flatMap((phase) =>
    phase.hooks.map((hook) => ({
      phase: printable(phase.name),
      name: printable(hook.name),
      time: hook.began === null ? 'never ran' : formatDuration(hook.ended - hook.began),
      ending: hook.status === 'done' ? '' : hook.status,
      bar: (scale: Scale) => barOf(hook, { reserve: reserved.get(phase), span }, scale),
    })),
  )
  const faults = report.faults.map(({ origin, at }) => ({
    phase: 'fault',
    name: origin,
    time: formatDuration(at),
    ending: '',
    bar: ({ columnOf }: Scale): Bar => ({
      from: columnOf(at),
      parts: [[TERMINAL_COLORS.fault, '!']],
    }),
  }))
  return [...hooks, ...faults]
}

function draw({ from, parts }: Bar, { columns }: Scale, paint: Paint): string {
  const length = parts.reduce((sum, [, text]) => sum + text.length, 0)
  const painted = parts.map(([color, text]) => paint(color, text)).join('')
  return ' '.repeat(from) + painted + ' '.repeat(columns - from - length)
}

/**
 * A bar for the time that a hook took, then a line to its limit if the picture reaches that far. After a
 * cut-off, the bar ends at the limit; `▒` follows if the timer fired late.
 */
function barOf(
  hook: HookReport,
  { reserve, span }: { reserve: Stretch | undefined; span: number },
  { columns, columnOf }: Scale,
): Bar {
  const color = TERMINAL_COLORS[hook.status]
  if (hook.began === null) return { from: columnOf(hook.ended), parts: [[color, '×']] }
  const from = columnOf(hook.began)
  const to = Math.max(
    from + 1,
    Math.min(columns, Math.round((hook.ended / Math.max(span, 1)) * columns)),
  )
  const end = limitOfHook(hook) ?? 0
  const limit = columnOf(end)
  const body = to - from === 1 ? '▏' : '█'.repeat(to - from)
  if (hook.status === 'cut off' && to - from > 1) {
    // The timer of the limit fires late if the event loop was blocked.
    const late = to - limit - 1
    const isLate = late > 0 && limit > from
    const text = isLate ? `${'█'.repeat(limit - from)}┤${'▒'.repeat(late)}` : `${body.slice(1)}┤`
    return { from, parts: [[color, text]] }
  }
  if (end > span || limit < to) return { from, parts: [[color, body]] }
  const isKept = (column: number) =>
    reserve !== undefined && column >= columnOf(reserve.from) && column <= columnOf(reserve.to)
  const tail = Array.from({ length: limit - to }, (_, index) => (isKept(to + index) ? '░' : '─'))
  return {
    from,
    parts: [
      [color, body],
      ['dim', `${tail.join('')}┤`],
    ],
  }
}

/** The axis: as many times as fit, each at its column, and the deadline. */
function axis({ deadline }: Report, span: number, { columns, columnOf }: Scale): string[] {
  if (span <= 0) return []
  const end = deadline > span ? columns : columnOf(deadline) - DEADLINE.length + 1
  const isNamed = deadline <= span && end >= 4
  const labels = ticksOf(span, (span * LABEL_WIDTH) / columns)
    .map((time) => ({ at: columnOf(time), text: `╵${time === 0 ? '0' : formatDuration(time)}` }))
    .filter(({ at, text }) => {
      const isFree = !isNamed || at + text.length < end || at > columnOf(deadline) + 1
      return at + text.length <= columns && isFree
    })
  if (isNamed) labels.push({ at: end, text: DEADLINE })
  const inOrder = labels.sort((one, other) => one.at - other.at)
  return [inOrder.reduce((line, { at, text }) => padEnd(line, at) + text, '')]
}

const DEADLINE = 'deadline╵'

/** The columns for a time on the axis, with some space after it. */
const LABEL_WIDTH = 9
