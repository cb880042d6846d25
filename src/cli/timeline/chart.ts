import { formatDuration } from '../../base/duration.ts'
import type { HookReport, PhaseReport, Report } from '../../engine/report.ts'
import { whyCutOff } from '../../picture/report-times.ts'
import { EDGE, type Layout, layoutOf, type PlacedHook, type PlacedPhase, TEXT } from './layout.ts'
import { legendOf } from './legend.ts'
import { type Markup, markup } from './markup.ts'
import { lengthOf, shortenTo } from './text-size.ts'

/**
 * Draws the bars, the axis and the legend: content for an SVG of this width. The id keeps the patterns
 * apart from those of other charts in the page.
 */
export function chartOf(
  report: Report,
  width: number,
  id: string,
): { readonly height: number; readonly content: Markup } {
  const layout = layoutOf(report, width)
  const { phases } = layout
  const legend = legendOf(report, layout, id)
  const content = markup`
    ${patterns(id)}
    ${phases.map((phase, index) => bandOf(layout, phase, index % 2 === 0))}
    ${grid(layout)}
    ${phases.map((phase) => reserveOf(report, layout, phase))}
    ${limits(report, layout)}
    ${phases.map(({ phase, rows }) => rows.map((row) => rowOf(report, layout, id, phase, row)))}
    ${faultsOf(report, layout)}
    ${legend.content}`
  return { height: layout.height + legend.height, content }
}

/** Stripes, for readers who cannot tell the colours apart. */
export function patterns(id: string): Markup {
  const stripes = (kind: 'cut' | 'failed', angle: number) => markup`
    <pattern id="${id}-${kind}" width="7" height="7" patternUnits="userSpaceOnUse"
      patternTransform="rotate(${angle})">
      <rect width="7" height="7" class="${kind}"/><line y2="7" class="${kind}-stripe"/>
    </pattern>`
  return markup`<defs>${stripes('cut', 45)}${stripes('failed', -45)}</defs>`
}

function bandOf(layout: Layout, { phase, top, bottom, rows }: PlacedPhase, isShaded: boolean) {
  const { width, isNarrow, phaseLength } = layout
  const y = isNarrow ? top + 18 : (rows[0]?.baseline ?? top + 20)
  const band = markup`
    <rect class="band" y="${top}" width="${width}" height="${bottom - top}" rx="4"/>`
  return markup`
    ${isShaded ? band : undefined}
    <text class="phase" x="${EDGE}" y="${y}">
      <title>${phase.name}</title>
      ${shortenTo(phase.name, TEXT.phase, phaseLength)}
    </text>`
}

function grid(layout: Layout): Markup {
  const { ticks, top, plot, faults, flags } = layout
  const y = top - 8 - (faults.length > 0 ? 20 : 0)
  const isBeside = flags.some(({ kind }) => kind === 'beyond')
  const texts = ticks.map(({ x, text }) => {
    // Centred, the last text would leave the plot.
    const isLast = isBeside && x + lengthOf(text, TEXT.axis) / 2 > plot.right
    return markup`<text x="${x}" y="${y}" text-anchor="${isLast ? 'end' : 'middle'}">${text}</text>`
  })
  return markup`
    <path class="grid" d="${ticks.map(({ x }) => verticalLine(layout, x))}"/>
    <g class="axis">${texts}</g>`
}

/** A path: a vertical line through all lanes. */
function verticalLine({ phases }: Layout, x: number): Markup {
  const lanes = phases.flatMap((phase) => phase.lanes)
  return markup`${lanes.map(([from, to]) => markup`M${x} ${from}V${to}`)}`
}

/** The reserve of a phase: the part of the budget that no earlier phase could use. */
function reserveOf(
  { deadline }: Report,
  { xOf, isNarrow }: Layout,
  { phase, reserve, lanes }: PlacedPhase,
): Markup | undefined {
  if (!reserve) return undefined
  const x = xOf(reserve.from)
  const width = xOf(reserve.to) - x
  const edge = isNarrow ? 0 : 4
  const boxes = lanes.map(([from, to]) => {
    const height = to - from - 2 * edge
    return markup`<rect x="${x}" y="${from + edge}" width="${width}" height="${height}" rx="3"/>`
  })
  const what = `kept for ${phase.name}: ${formatDuration(phase.reserve)} of ${formatDuration(deadline)}`
  return markup`<g class="kept"><title>${what}</title>${boxes}</g>`
}

/** The deadline, SIGKILL and the margin between them, with their names above the chart. */
function limits({ deadline, grace }: Report, layout: Layout): Markup {
  const { flags, phases, top } = layout
  const names = flags.map(
    ({ kind, x, y, anchor, text }) =>
      markup`<text class="flag flag-${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`,
  )
  const [from, to] = flags.map(({ line }) => line)
  if (from === undefined || to === undefined) return markup`${names}`
  const lines = flags.map(({ kind, line = 0, y }) => {
    return markup`<path class="${kind}" d="M${line} ${y - 9}V${top}${verticalLine(layout, line)}"/>`
  })
  const margin = phases
    .flatMap(({ lanes }) => lanes)
    .map(([y, end]) => {
      return markup`<rect x="${from}" y="${y}" width="${to - from}" height="${end - y}"/>`
    })
  const what = `margin: ${formatDuration(grace - deadline)}, kept for the exit`
  return markup`<g class="margin"><title>${what}</title>${margin}</g>${lines}${names}`
}

function rowOf(report: Report, layout: Layout, id: string, phase: PhaseReport, row: PlacedHook) {
  const { hook, baseline, from, middle } = row
  const never = markup`<path class="never" d="M${from - 5} ${middle - 5}l10 10m0-10l-10 10"/>`
  return markup`
    <g>
      <title>${tooltipOf(report, phase, hook)}</title>
      <text x="${layout.nameAt}" y="${baseline}">
        ${shortenTo(hook.name, TEXT.name, layout.nameLength)}
      </text>
      ${hook.began === null ? never : barOf(id, layout, row)}
      ${timeOf(layout, row)}
    </g>`
}

function barOf(id: string, { bar }: Layout, row: PlacedHook): Markup {
  const { hook, from, to, middle, limit } = row
  const [top, bottom] = [middle - bar / 2, middle + bar / 2]
  const box = (x: number, end: number) =>
    markup`<rect x="${x}" y="${top}" width="${end - x}" height="${bar}" rx="2.5"`
  if (hook.status === 'cut off') {
    const at = Math.min(limit ?? to, to)
    const fill = markup`fill="url(#${id}-cut)"`
    const isLate = to - at > LEAST_OVERRUN
    // The time after the limit is paler: the event loop was blocked.
    const late = markup`${box(at, to)} ${fill} opacity="0.4"/>`
    return markup`
      ${box(from, isLate ? at : to)} ${fill}/>
      ${isLate ? late : undefined}
      <line class="wall" x1="${at}" x2="${at}" y1="${top - 4}" y2="${bottom + 4}"/>`
  }
  const left =
    limit !== undefined && limit > to
      ? markup`<path class="left" d="M${to + 2} ${middle}H${limit}m0-5v10"/>`
      : undefined
  const failed = markup`fill="url(#${id}-failed)"`
  return markup`${left}${box(from, to)} ${hook.status === 'failed' ? failed : markup`class="done"`}/>`
}

/** In pixels. A shorter overrun is only a late timer. */
const LEAST_OVERRUN = 3

const CLASS = { done: '', failed: 'is-failed', 'cut off': 'is-cut' } as const

const SIGN = { failed: '✕', 'cut off': '⊣' } as const

/** A hook's duration, and its ending unless it is done: beside the bars, or above its bar. */
function timeOf({ isNarrow, plot, width }: Layout, { hook, baseline: y }: PlacedHook): Markup {
  const { began, ended, status } = hook
  const time = began === null ? 'never ran' : formatDuration(ended - began)
  const ending = began === null || status === 'done' ? '' : `${SIGN[status]} ${status}`
  const kind = CLASS[status]
  if (isNarrow) {
    const shown = [time, ending].filter(Boolean).join('  ')
    return markup`<text x="${width - EDGE}" y="${y}" text-anchor="end" class="${kind}">${shown}</text>`
  }
  if (began === null) {
    return markup`<text x="${plot.right + 14}" y="${y}" class="is-cut">never ran</text>`
  }
  const beside = markup`<text x="${plot.right + 78}" y="${y}" class="${kind}">${ending}</text>`
  return markup`
    <text x="${plot.right + 68}" y="${y}" text-anchor="end">${time}</text>
    ${ending === '' ? undefined : beside}`
}

function tooltipOf(report: Report, phase: PhaseReport, hook: HookReport): string {
  const name = `${hook.name} (${phase.name})`
  if (hook.began === null) return `${name} never ran: the deadline had passed`
  const times = `${formatDuration(hook.began)} to ${formatDuration(hook.ended)}, limit ${formatDuration(hook.limit)}`
  const ended = hook.status === 'cut off' ? whyCutOff(report, phase, hook) : hook.status
  const error = hook.status === 'failed' && hook.error ? [hook.error.message] : []
  return [`${name}: ${ended}`, times, ...hook.notes, ...error].join('\n')
}

function faultsOf({ faults }: Report, layout: Layout): Markup[] {
  const { top, xOf } = layout
  const y = top - 10
  return layout.faults.map(({ x, at }, index) => {
    const { origin, error } = faults[index] ?? {}
    return markup`
      <g>
        <title>${origin} at ${formatDuration(at)}: ${error?.message}</title>
        <path class="fault-line" fill="none"
          d="M${x} ${y + 8}L${xOf(at)} ${top + 2}${verticalLine(layout, xOf(at))}"/>
        <circle class="fault" cx="${x}" cy="${y}" r="8"/>
        <text class="fault-number" x="${x}" y="${y + 3.5}" text-anchor="middle">${index + 1}</text>
      </g>`
  })
}
