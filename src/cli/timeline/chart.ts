import { formatDuration } from '../../base/duration.ts'
import type { HookReport, PhaseReport, Report } from '../../engine/report.ts'
import { whyCutOff } from '../../picture/report-times.ts'
import { type Layout, layoutOf, type PlacedHook, type PlacedPhase, TEXT } from './layout.ts'
import { legendOf } from './legend.ts'
import { element, join, type Markup, type MarkupChild } from './markup.ts'
import { lengthOf, shortenTo } from './text-size.ts'

/** The chart of a shutdown: content for an SVG of a given width. */
export interface Chart {
  readonly height: number
  readonly content: Markup
}

/** Draws the bars, the axis and the legend. The id keeps the patterns apart from those of other charts in the page. */
export function chartOf(report: Report, width: number, id: string): Chart {
  const layout = layoutOf(report, width)
  const context = { id, report, layout }
  const legend = legendOf(report, layout, id)
  const content = join([
    patterns(id),
    ...layout.phases.map((phase, index) => bandOf(context, phase, index)),
    grid(layout),
    ...layout.phases.map((phase) => reserveOf(context, phase)),
    ...limits(layout, report),
    ...layout.phases.flatMap(({ phase, rows }) => rows.map((row) => rowOf(context, phase, row))),
    ...faultsOf(context),
    legend.content,
  ])
  return { height: layout.height + legend.height, content }
}

interface ChartContext {
  readonly id: string
  readonly report: Report
  readonly layout: Layout
}

/** Stripes, for readers who cannot tell the colours apart. */
export function patterns(id: string): Markup {
  const stripes = (kind: 'cut' | 'failed', angle: number) =>
    element(
      'pattern',
      {
        id: `${id}-${kind}`,
        width: 7,
        height: 7,
        patternUnits: 'userSpaceOnUse',
        patternTransform: `rotate(${angle})`,
      },
      element('rect', { width: 7, height: 7, class: kind }),
      element('line', { y2: 7, class: `${kind}-stripe` }),
    )
  return element('defs', {}, stripes('cut', 45), stripes('failed', -45))
}

function bandOf(
  { layout }: ChartContext,
  { phase, top, bottom, rows }: PlacedPhase,
  index: number,
) {
  const { width, isNarrow, phaseLength } = layout
  const first = rows[0]
  const y = isNarrow ? top + 18 : (first?.baseline ?? top + 20)
  return join([
    index % 2 === 0
      ? element('rect', { class: 'band', y: top, width, height: bottom - top, rx: 4 })
      : undefined,
    element(
      'text',
      { class: 'phase', x: 12, y },
      element('title', {}, phase.name),
      shortenTo(phase.name, TEXT.phase, phaseLength),
    ),
  ])
}

function grid(layout: Layout): Markup {
  const { ticks, top, plot, faults, flags } = layout
  const y = top - 8 - (faults.length > 0 ? 20 : 0)
  const isBeside = flags.some(({ kind }) => kind === 'beyond')
  const texts = ticks.map(({ x, text }) => {
    // Centred, the last one would reach beyond the edge.
    const isLast = isBeside && x + lengthOf(text, TEXT.axis) / 2 > plot.right
    return element('text', { x, y, 'text-anchor': isLast ? 'end' : 'middle' }, text)
  })
  return join([
    element('path', { class: 'grid', d: ticks.map(({ x }) => verticalLine(layout, x)).join('') }),
    element('g', { class: 'axis' }, ...texts),
  ])
}

/** A vertical line through all lanes. */
function verticalLine({ phases }: Layout, x: number): string {
  return phases
    .flatMap(({ lanes }) => lanes.map(([from, to]) => `M${round(x)} ${round(from)}V${round(to)}`))
    .join('')
}

/** The reserve of a phase: the part of the budget that no earlier phase could use. */
function reserveOf(
  { layout, report }: ChartContext,
  { phase, reserve, lanes }: PlacedPhase,
): MarkupChild {
  if (!reserve) return undefined
  const x = layout.xOf(reserve.from)
  const width = layout.xOf(reserve.to) - x
  const edge = layout.isNarrow ? 0 : 4
  const boxes = lanes.map(([from, to]) =>
    element('rect', { x, y: from + edge, width, height: to - from - 2 * edge, rx: 3 }),
  )
  const what = `kept for ${phase.name}: ${formatDuration(phase.reserve)} of ${formatDuration(report.deadline)}`
  return element('g', { class: 'kept' }, element('title', {}, what), join(boxes))
}

/** The deadline, SIGKILL and the margin between them, with their names above the chart. */
function limits(layout: Layout, { deadline, grace }: Report): MarkupChild[] {
  const { flags, phases, top } = layout
  const names = flags.map(({ kind, x, y, anchor, text }) =>
    element('text', { class: `flag flag-${kind}`, x, y, 'text-anchor': anchor }, text),
  )
  const lines = flags.flatMap(({ kind, line, y }) => {
    if (line === undefined) return []
    const d = `M${round(line)} ${y - 9}V${top}${verticalLine(layout, line)}`
    return [element('path', { class: kind, d })]
  })
  const [from = 0, to = 0] = flags.map(({ line }) => line)
  const margin = phases
    .flatMap(({ lanes }) => lanes)
    .map(([y, end]) =>
      element('rect', { x: from, y, width: Math.max(0, to - from), height: end - y }),
    )
  const what = `margin: ${formatDuration(grace - deadline)}, kept for the exit`
  return lines.length === 0
    ? names
    : [
        element('g', { class: 'margin' }, element('title', {}, what), join(margin)),
        ...lines,
        ...names,
      ]
}

function rowOf({ id, report, layout }: ChartContext, phase: PhaseReport, row: PlacedHook): Markup {
  const { hook, baseline } = row
  const name = element(
    'text',
    { x: layout.nameAt, y: baseline },
    shortenTo(hook.name, TEXT.name, layout.nameLength),
  )
  return element(
    'g',
    {},
    element('title', {}, tooltipOf(report, phase, hook)),
    name,
    ...(hook.began === null ? [neverRan(row)] : barOf(id, layout, row)),
    timeOf(layout, row),
  )
}

function neverRan({ from, middle }: PlacedHook): Markup {
  const d = `M${from - 5} ${middle - 5}l10 10m0-10l-10 10`
  return element('path', { class: 'never', d })
}

function barOf(
  id: string,
  { bar }: Layout,
  { hook, from, to, middle, limit }: PlacedHook,
): MarkupChild[] {
  const box = { x: from, y: middle - bar / 2, width: to - from, height: bar, rx: 2.5 }
  const wall = (x: number) =>
    element('line', {
      class: 'wall',
      x1: x,
      x2: x,
      y1: middle - bar / 2 - 4,
      y2: middle + bar / 2 + 4,
    })
  if (hook.status === 'cut off') {
    const at = Math.min(limit ?? to, to)
    const fill = `url(#${id}-cut)`
    // The time after the limit is paler: the event loop was blocked.
    const late =
      to - at > LEAST_OVERRUN
        ? element('rect', { ...box, x: at, width: to - at, fill, opacity: 0.4 })
        : undefined
    return [element('rect', { ...box, width: late ? at - from : box.width, fill }), late, wall(at)]
  }
  const left =
    limit !== undefined && limit > to
      ? element('path', { class: 'left', d: `M${round(to + 2)} ${middle}H${round(limit)}m0-5v10` })
      : undefined
  const fill = hook.status === 'failed' ? { fill: `url(#${id}-failed)` } : { class: 'done' }
  return [left, element('rect', { ...box, ...fill })]
}

/** In pixels. Less is only a timer that fired a little late. */
const LEAST_OVERRUN = 3

const round = (value: number) => Math.round(value * 100) / 100

const CLASS = { done: undefined, failed: 'is-failed', 'cut off': 'is-cut' } as const

/** How long a hook took, and how it ended unless it is done: beside the bars, or above its bar. */
function timeOf({ isNarrow, plot, width }: Layout, { hook, baseline }: PlacedHook): Markup {
  const time = hook.began === null ? 'never ran' : formatDuration(hook.ended - hook.began)
  const status = hook.status === 'done' ? undefined : `${SIGN[hook.status]} ${hook.status}`
  const neverBegan = hook.began === null
  if (isNarrow) {
    const shown = [time, neverBegan ? undefined : status].filter(Boolean).join('  ')
    const place = { x: width - 12, y: baseline, 'text-anchor': 'end' }
    return element('text', { ...place, class: CLASS[hook.status] }, shown)
  }
  if (neverBegan)
    return element('text', { x: plot.right + 14, y: baseline, class: 'is-cut' }, 'never ran')
  return join([
    element('text', { x: plot.right + 68, y: baseline, 'text-anchor': 'end' }, time),
    status &&
      element('text', { x: plot.right + 78, y: baseline, class: CLASS[hook.status] }, status),
  ])
}

const SIGN = { failed: '✕', 'cut off': '⊣' } as const

function tooltipOf(report: Report, phase: PhaseReport, hook: HookReport): string {
  const name = `${hook.name} (${phase.name})`
  if (hook.began === null) return `${name} never ran: the deadline had passed`
  const times = `${formatDuration(hook.began)} to ${formatDuration(hook.ended)}, limit ${formatDuration(hook.limit)}`
  const ended = hook.status === 'cut off' ? whyCutOff(report, phase, hook) : hook.status
  const error = hook.status === 'failed' && hook.error ? `\n${hook.error.message}` : ''
  return [`${name}: ${ended}`, times, ...hook.notes].join('\n') + error
}

function faultsOf({ layout, report }: ChartContext): MarkupChild[] {
  const { faults, top, xOf } = layout
  return faults.map(({ x, at }, index) => {
    const y = top - 10
    const fault = report.faults[index]
    return element(
      'g',
      {},
      element('title', {}, `${fault?.origin} at ${formatDuration(at)}: ${fault?.error.message}`),
      element('path', {
        class: 'fault-line',
        fill: 'none',
        d: `M${round(x)} ${y + 8}L${round(xOf(at))} ${top + 2}${verticalLine(layout, xOf(at))}`,
      }),
      element('circle', { class: 'fault', cx: x, cy: y, r: 8 }),
      element(
        'text',
        { class: 'fault-number', x, y: y + 3.5, 'text-anchor': 'middle' },
        String(index + 1),
      ),
    )
  })
}
