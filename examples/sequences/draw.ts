import { patterns } from '../../src/cli/timeline/chart.ts'
import { Markup } from '../../src/cli/timeline/markup.ts'
import { STYLE, withPlainColors } from '../../src/cli/timeline/style.ts'
import { lengthOf } from '../../src/cli/timeline/text-size.ts'
import { element, join, type MarkupChild } from './element.ts'
import {
  BAR,
  type Layout,
  layoutOf,
  nameOf,
  type PlacedEvent,
  type PlacedText,
  type Rows,
  timeOf,
} from './layout.ts'
import { checkSequence, type Happening, type Sequence, STATES, type State } from './sequence.ts'

/** For a page, and for a telephone: an image's text shrinks with it, so each has its own. */
export const WIDTHS = { wide: 760, narrow: 360 } as const

/** What happened, as an image that stands alone: above to scale, below in order. It follows the reader's light or dark setting. */
export function pictureOf(sequence: Sequence, width: number = WIDTHS.wide): string {
  const layout = layoutOf(checkSequence(sequence), width)
  const legend = legendOf(sequence, layout)
  const height = Math.ceil(legend.bottom + layout.edge)
  const heading = layout.isNarrow ? 'title title-narrow' : 'title'
  const svg = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'chart',
      role: 'img',
      'aria-labelledby': 'title description',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
    },
    element('title', { id: 'title' }, sequence.title),
    element('desc', { id: 'description' }, tellOf(sequence)),
    new Markup(`<style>${withPlainColors(`${STYLE}\n${OWN_STYLE}`)}</style>`),
    patterns('s'),
    element('rect', { class: 'page', width, height, rx: 8 }),
    ...layout.title.lines.map((line) => textOf(line, heading)),
    ...layout.about.map((line) => textOf(line, 'quiet small')),
    scaleOf(sequence, layout),
    ...(layout.rows ? [rowsOf(sequence, layout.rows)] : []),
    legend.content,
  )
  return `${svg.source}\n`
}

/** Both images in a document: a browser takes the one that suits. */
export function embed(file: string, alternative: string): string {
  const narrow = file.replace(/\.svg$/, '-narrow.svg')
  return [
    '<picture>',
    `  <source media="(max-width: 600px)" srcset="${narrow}">`,
    `  <img src="${file}" alt="${join([alternative]).source}">`,
    '</picture>',
  ].join('\n')
}

const OWN_STYLE = `
.chart .title-narrow { font-size: 16px; }
.chart .lane { stroke: var(--hair); stroke-width: 2; fill: none; }
.chart .lead { stroke: var(--hair); stroke-dasharray: 1 3; fill: none; }
.chart .ending { fill: var(--kept); stroke: var(--kept-line); stroke-width: 1.5; }
.chart .idle { fill: var(--hair); stroke: var(--line); }
.chart .arrow { stroke: var(--ink); stroke-width: 1.5; fill: none; }
.chart .tip, .chart .dot { fill: var(--ink); stroke: var(--page); stroke-width: 1; }
.chart .arrow-good { stroke: var(--done-ink); } .chart .tip-good, .chart .dot-good { fill: var(--done-ink); }
.chart .arrow-warn { stroke: var(--cut-ink); } .chart .tip-warn, .chart .dot-warn { fill: var(--cut-ink); }
.chart .arrow-bad { stroke: var(--failed-ink); } .chart .tip-bad, .chart .dot-bad { fill: var(--failed-ink); }
.chart .was-read { stroke-dasharray: 4 3; }
.chart .hollow { fill: var(--page); stroke: var(--ink); stroke-width: 1.5; }
.chart .says-good { fill: var(--done-ink); } .chart .says-warn { fill: var(--cut-ink); } .chart .says-bad { fill: var(--failed-ink); }
.chart .says-read { fill: var(--quiet); font-style: italic; }
.chart .gap { fill: var(--page); } .chart .gap-line { stroke: var(--line); fill: none; }
`.trim()

/** The lanes to scale. */
function scaleOf({ spans, events }: Sequence, { scale }: Layout): Markup {
  const { isBeside, ticks, groups, lanes, top, bottom, plot, xOf } = scale
  const sets = isBeside
    ? [[top, bottom] as const]
    : lanes.map(({ middle }) => [middle - 8, middle + 8] as const)
  const grid = ticks.flatMap(({ x }) => sets.map(([from, to]) => `M${round(x)} ${from}V${to}`))
  return join([
    element('path', { class: 'grid', d: grid.join('') }),
    ...ticks.map((tick) => textOf(tick, 'axis', 'middle')),
    ...groups.map((group) => textOf(group, 'phase')),
    ...lanes.map((lane) => textOf(lane)),
    ...lanes.flatMap(({ lane, middle }) => [
      element('path', { class: 'lane', d: `M${round(plot.left)} ${middle}H${round(plot.right)}` }),
      ...spans
        .filter((span) => span.lane === lane.id)
        .map(({ from, to, state, label }) =>
          element(
            'rect',
            {
              ...lookOf(state),
              x: xOf(from),
              y: middle - BAR / 2,
              width: Math.max(1, xOf(to) - xOf(from)),
              height: BAR,
            },
            element('title', {}, `${label}: ${timeOf(from)} to ${timeOf(to)}`),
          ),
        ),
      ...events
        .filter((event) => event.to === lane.id || (!event.to && event.lane === lane.id))
        .map((event) => dot(event, xOf(event.at), middle, 3)),
    ]),
  ])
}

/** The events in their order, with the lanes beside them. */
function rowsOf({ spans }: Sequence, rows: Rows): Markup {
  const { columns, events, breaks, timeAt, left, right, bottom, yOf, columnOf } = rows
  return join([
    ...columns.map(({ line, top }) =>
      element('path', { class: 'lane', d: `M${round(line)} ${top}V${bottom}` }),
    ),
    ...columns.flatMap(({ name }) => name.map((text) => textOf(text, 'small'))),
    ...events.map(({ event, y }) => {
      const from = Math.max(columnOf(event.lane), columnOf(event.to ?? event.lane))
      return element('path', { class: 'lead', d: `M${round(from)} ${y}H${round(right + 4)}` })
    }),
    ...spans.map(({ lane, from, to, state, label }) =>
      element(
        'rect',
        {
          ...lookOf(state),
          x: columnOf(lane) - BAR / 2,
          y: yOf(from),
          width: BAR,
          height: Math.max(2, yOf(to) - yOf(from)),
        },
        element('title', {}, `${label}: ${timeOf(from)} to ${timeOf(to)}`),
      ),
    ),
    ...breaks.flatMap(({ y }) => [
      element('rect', { class: 'gap', x: left, y: y - 7, width: right - left, height: 6 }),
      element('path', {
        class: 'gap-line',
        d: [y - 7, y - 1].map((at) => `M${round(left)} ${round(at)}H${round(right)}`).join(''),
      }),
    ]),
    ...breaks.map((one) => textOf(one, 'quiet small')),
    ...events.flatMap((row) => rowOf(row, columnOf, timeAt)),
  ])
}

function rowOf(
  { event, y, time, lines }: PlacedEvent,
  columnOf: (lane: string) => number,
  timeAt: number,
): MarkupChild[] {
  const from = columnOf(event.lane)
  const says = event.isRead ? 'says-read' : event.tone && `says-${event.tone}`
  return [
    textOf({ x: timeAt, y: y + 4.5, text: time }, 'small quiet', 'end'),
    event.to === undefined || event.to === event.lane
      ? dot(event, from, y, 4.5)
      : arrow(event, from, columnOf(event.to), y),
    ...lines.map((line) => textOf(line, says)),
  ]
}

function arrow({ tone, isRead }: Happening, from: number, to: number, y: number): Markup {
  const side = Math.sign(to - from)
  const end = to - side * (BAR / 2 + 1)
  const tip = `M${round(end)} ${y}l${-side * 8} -4.5v9z`
  const line = ['arrow', tone && `arrow-${tone}`, isRead && 'was-read'].filter(Boolean).join(' ')
  return join([
    element('path', { class: line, d: `M${round(from)} ${y}H${round(end - side * 6)}` }),
    element('circle', { class: classOf('dot', tone), cx: from, cy: y, r: 3 }),
    element('path', { class: classOf('tip', tone), d: tip }),
  ])
}

function dot({ tone, isRead }: Happening, x: number, y: number, r: number): Markup {
  return element('circle', { class: isRead ? 'hollow' : classOf('dot', tone), cx: x, cy: y, r })
}

function classOf(kind: string, tone: string | undefined): string {
  return tone === undefined ? kind : `${kind} ${kind}-${tone}`
}

/** Stripes for what is like another in lightness. */
function lookOf(state: State): Record<string, string | number> {
  if (state === 'leaving') return { fill: 'url(#s-cut)', rx: 2 }
  if (state === 'bad') return { fill: 'url(#s-failed)', rx: 2 }
  return { class: state === 'up' ? 'done' : state, rx: 2 }
}

function legendOf(
  { spans, events, lanes }: Sequence,
  { width, edge, legendAt, rows }: Layout,
): { bottom: number; content: Markup } {
  const states = STATES.flatMap((state) => {
    const labels = new Set(spans.filter((span) => span.state === state).map(({ label }) => label))
    const box = element('rect', { ...lookOf(state), y: -9, width: 18, height: BAR })
    return labels.size === 0 ? [] : [{ sign: box, text: [...labels].join(', ') }]
  })
  const shortened = element('path', { class: 'gap-line', d: 'M0 -7H18M0 -1H18' })
  const hollow = element('circle', { class: 'hollow', cx: 9, cy: -4, r: 4.5 })
  const items = [
    ...states,
    ...((rows?.breaks.length ?? 0) > 0 ? [{ sign: shortened, text: 'a wait, cut short' }] : []),
    ...(events.some(({ isRead }) => isRead)
      ? [{ sign: hollow, text: 'read, and not run here' }]
      : []),
    ...(lanes.some(({ isStandIn }) => isStandIn)
      ? [{ sign: undefined, text: '(stand-in): this part was played by something else' }]
      : []),
  ]
  let x = edge
  let y = legendAt
  const order = rows ? [{ sign: undefined, text: 'above to scale, below in order' }] : []
  const placed = [...items, ...order].map(({ sign, text }) => {
    const indent = sign ? 26 : 0
    const length = indent + lengthOf(text, 12) + 18
    if (x > edge && x + length > width - edge) {
      x = edge
      y += 20
    }
    const transform = `translate(${Math.round(x)} ${Math.round(y)})`
    x += length
    return element(
      'g',
      { transform },
      sign,
      element('text', { class: 'quiet small', x: indent }, text),
    )
  })
  return { bottom: y + 2, content: join(placed) }
}

function textOf({ x, y, text }: PlacedText, kind?: string, anchor?: string): Markup {
  return element('text', { class: kind, x, y, 'text-anchor': anchor }, text)
}

/** All of it in words, for readers who can't see it. */
function tellOf({ about, lanes, spans, events }: Sequence): string {
  const names = new Map(lanes.map((lane) => [lane.id, nameOf(lane)]))
  const sorted = [...events]
    .sort((one, other) => one.at - other.at)
    .map(({ at, lane, to, label, isRead }) => {
      const who = [lane, to].flatMap((id) => (id === undefined ? [] : [names.get(id)])).join(' → ')
      return `${timeOf(at)}: ${who}: ${isRead ? 'read: ' : ''}${label}`
    })
  const states = spans.map(({ lane, from, to, label }) => {
    return `${names.get(lane)} ${label}: ${timeOf(from)} to ${timeOf(to)}`
  })
  return `${about}. ${(sorted.length > 0 ? sorted : states).join('; ')}`
}

const round = (value: number) => Math.round(value * 100) / 100
