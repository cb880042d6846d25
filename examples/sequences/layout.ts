import { formatDuration } from '../../src/base/duration.ts'
import { lengthOf, linesOf } from '../../src/cli/timeline/text-size.ts'
import { ticksOf } from '../../src/picture/report-times.ts'
import type { Happening, Lane, Sequence } from './sequence.ts'

/** Where everything stands in a picture, in pixels from its upper left corner. */
export interface Layout {
  readonly width: number
  readonly height: number
  readonly edge: number
  readonly isNarrow: boolean
  readonly title: { readonly size: number; readonly lines: readonly PlacedText[] }
  readonly about: readonly PlacedText[]
  readonly scale: Scale
  /** Not where nothing happened but that states changed. */
  readonly rows: Rows | undefined
  /** Where the legend begins. */
  readonly legendAt: number
}

export interface PlacedText {
  readonly x: number
  readonly y: number
  readonly text: string
}

/** The upper part: all lanes on one true scale of time, so that one sees how long things took. */
export interface Scale {
  /** Whether names stand beside the bars, and not above them. */
  readonly isBeside: boolean
  readonly top: number
  readonly bottom: number
  readonly plot: { readonly left: number; readonly right: number }
  readonly ticks: readonly PlacedText[]
  readonly groups: readonly PlacedText[]
  readonly lanes: readonly PlacedLane[]
  xOf(time: number): number
}

export interface PlacedLane extends PlacedText {
  readonly lane: Lane
  /** The middle of its bar. */
  readonly middle: number
}

/** The lower part: a row for each event, in their order. How far they are apart says nothing. */
export interface Rows {
  readonly columns: readonly Column[]
  readonly events: readonly PlacedEvent[]
  /** Waits that are too long to be shown. */
  readonly breaks: readonly PlacedText[]
  readonly timeAt: number
  readonly left: number
  readonly right: number
  readonly bottom: number
  yOf(time: number): number
  columnOf(lane: string): number
}

/** A lane that runs down; its name has lines of its own, so that it never meets another. */
export interface Column {
  readonly name: readonly PlacedText[]
  readonly top: number
  /** Where its line runs. */
  readonly line: number
}

export interface PlacedEvent {
  readonly event: Happening
  readonly y: number
  readonly time: string
  readonly lines: readonly PlacedText[]
}

const LINE = 17
const SIZE = 13
export const BAR = 10

/** Nothing is left out: a picture becomes longer. */
const MOST = 99

/** Which part of the whole a wait has to be to be cut short. */
const LONG = 0.08

export function layoutOf(sequence: Sequence, width: number): Layout {
  const isNarrow = width < 520
  const edge = isNarrow ? 12 : 24
  const inner = width - 2 * edge
  const title = isNarrow ? 16 : 19
  const heading = texts(linesOf(sequence.title, title, inner, MOST), edge, edge + title, title + 5)
  const about = texts(linesOf(sequence.about, 12, inner, MOST), edge, below(heading, edge) + 22, 16)
  const scale = scaleOf(sequence, { top: below(about, edge) + 22, isNarrow, edge, width })
  const frame = { top: scale.bottom + 30, isNarrow, edge, width }
  const rows = sequence.events.length > 0 ? rowsOf(sequence, frame) : undefined
  const { bottom } = rows ?? scale
  return {
    width,
    height: bottom,
    edge,
    isNarrow,
    title: { size: title, lines: heading },
    about,
    scale,
    rows,
    legendAt: bottom + 26,
  }
}

interface Frame {
  readonly top: number
  readonly isNarrow: boolean
  readonly edge: number
  readonly width: number
}

function scaleOf(sequence: Sequence, { top, isNarrow, edge, width }: Frame): Scale {
  const { lanes } = sequence
  const { from, to } = extentOf(sequence)
  const longest = Math.max(...lanes.map((lane) => lengthOf(nameOf(lane), SIZE)))
  const isBeside = !isNarrow && longest <= width * 0.34
  // The first and the last time stand in the middle above their lines.
  const plot = {
    left: isBeside ? edge + longest + 24 : edge + 10,
    right: width - edge - 22,
  }
  const xOf = (time: number) =>
    plot.left + ((time - from) / Math.max(to - from, 1)) * (plot.right - plot.left)
  const apart = ((to - from) / (plot.right - plot.left)) * 64
  const ticks = ticksOf(to, apart)
    .filter((time) => time >= from)
    .map((time) => ({ x: xOf(time), y: top, text: formatDuration(time) }))
  let y = top + 12
  const groups: PlacedText[] = []
  const placed = lanes.map((lane, index): PlacedLane => {
    if (lane.group !== undefined && lane.group !== lanes[index - 1]?.group) {
      if (index > 0) y += 8
      groups.push({ x: edge, y: y + 12, text: lane.group })
      y += 20
    }
    const middle = y + (isBeside ? 11 : 26)
    const baseline = isBeside ? middle + 4.5 : y + 14
    y += isBeside ? 22 : 38
    return { lane, middle, x: edge, y: baseline, text: nameOf(lane) }
  })
  return { isBeside, top: top + 8, bottom: y + 2, plot, ticks, groups, lanes: placed, xOf }
}

function rowsOf(sequence: Sequence, { top, isNarrow, edge, width }: Frame): Rows {
  const { lanes } = sequence
  const events = [...sequence.events].sort((one, other) => one.at - other.at)
  const { from, to } = extentOf(sequence)
  const timeAt = edge + (isNarrow ? 50 : 62)
  const left = timeAt + 18
  const pitch = Math.min(isNarrow ? 22 : 46, (width * (isNarrow ? 0.36 : 0.42)) / lanes.length)
  const line = (index: number) => left + index * pitch
  const right = line(lanes.length - 1) + 16
  const textAt = right + 8
  let y = top
  const columns = lanes.map((lane, index): Column => {
    const said = lane.group === undefined ? nameOf(lane) : `${lane.group}: ${nameOf(lane)}`
    const x = line(index) + 6
    const name = texts(linesOf(said, 12, width - edge - x, MOST), x, y, 15)
    const column = { name, top: y - 9, line: line(index) }
    y += name.length * 15 + 3
    return column
  })
  y += 12
  let last = from
  const breaks: PlacedText[] = []
  const knots: { readonly at: number; readonly y: number }[] = [{ at: from, y: y - 14 }]
  const wait = (until: number) => {
    if (until - last >= (to - from) * LONG) {
      breaks.push({ x: textAt, y: y + 4, text: `${formatDuration(until - last)} later` })
      y += 26
    }
    last = until
  }
  const placed = events.map((event): PlacedEvent => {
    if (knots.length > 1) wait(event.at)
    last = event.at
    const said = event.isRead ? `Read: ${event.label}` : event.label
    const lines = texts(linesOf(said, SIZE, width - edge - textAt, MOST), textAt, y + 4.5, LINE)
    const row = { event, y, time: timeOf(event.at), lines }
    knots.push({ at: event.at, y })
    y += Math.max(1, lines.length) * LINE + 9
    return row
  })
  wait(to)
  knots.push({ at: to, y })
  return {
    columns,
    events: placed,
    breaks,
    timeAt,
    left: left - 16,
    right,
    bottom: y,
    yOf: (time) => heightOf(knots, time),
    columnOf: (id) => line(lanes.findIndex((lane) => lane.id === id)),
  }
}

/** Between two events as far as its time is between theirs; at an event where that stands. */
function heightOf(
  knots: readonly { readonly at: number; readonly y: number }[],
  time: number,
): number {
  const next = knots.findIndex(({ at }, index) => at >= time && (index > 0 || at === time))
  const after = knots[next] ?? knots.at(-1)
  const before = knots[Math.max(0, next - 1)] ?? after
  if (!after || !before) return 0
  const part = after.at === before.at ? 1 : (time - before.at) / (after.at - before.at)
  return before.y + Math.min(1, part) * (after.y - before.y)
}

function extentOf({ spans, events }: Sequence): { from: number; to: number } {
  const times = [...spans.flatMap(({ from, to }) => [from, to]), ...events.map(({ at }) => at)]
  return { from: Math.min(0, ...times), to: Math.max(1, ...times) }
}

export function nameOf({ name, isStandIn }: Lane): string {
  return isStandIn ? `${name} (stand-in)` : name
}

export function timeOf(at: number): string {
  return at < -0.5 ? `−${formatDuration(-at)}` : formatDuration(Math.max(0, at))
}

function texts(lines: readonly string[], x: number, y: number, pitch: number): PlacedText[] {
  return lines.map((text, index) => ({ x, y: y + index * pitch, text }))
}

function below(lines: readonly PlacedText[], otherwise: number): number {
  return lines.at(-1)?.y ?? otherwise
}
