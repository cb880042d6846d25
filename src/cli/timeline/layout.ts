import { formatDuration } from '../../base/duration.ts'
import type { HookReport, PhaseReport, Report } from '../../engine/report.ts'
import {
  limitOfHook,
  reservedOf,
  type Stretch,
  spanOf,
  ticksOf,
} from '../../picture/report-times.ts'
import { lengthOf } from './text-size.ts'

/** The positions of everything in a chart, in pixels from its upper left corner. */
export interface Layout {
  readonly width: number
  readonly height: number
  /** Whether the names are above the bars, not beside them. */
  readonly isNarrow: boolean
  /** The left and right edge of the bars. */
  readonly plot: { readonly left: number; readonly right: number }
  /** Where the phases begin, below the axis. */
  readonly top: number
  readonly nameAt: number
  readonly nameLength: number
  readonly phaseLength: number
  /** The height of a bar. */
  readonly bar: number
  readonly ticks: readonly { readonly x: number; readonly text: string }[]
  /** The deadline and SIGKILL. */
  readonly flags: readonly Flag[]
  readonly faults: readonly { readonly x: number; readonly at: number }[]
  readonly phases: readonly PlacedPhase[]
  /** The position of a time. */
  xOf(time: number): number
}

export interface Flag {
  readonly kind: 'deadline' | 'kill' | 'beyond'
  /** The position of its line; `undefined` if that is beyond the chart. */
  readonly line: number | undefined
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'end'
  readonly text: string
}

export interface PlacedPhase {
  readonly phase: PhaseReport
  readonly top: number
  readonly bottom: number
  readonly reserve: Stretch | undefined
  /** Where vertical lines may cross the phase: all of it, or only the bars where the names are above them. */
  readonly lanes: readonly (readonly [from: number, to: number])[]
  readonly rows: readonly PlacedHook[]
}

export interface PlacedHook {
  readonly hook: HookReport
  /** The baseline of its name and its time. */
  readonly baseline: number
  /** The middle of the bar. */
  readonly middle: number
  readonly from: number
  readonly to: number
  /** The position of its limit; `undefined` if that is beyond the chart. */
  readonly limit: number | undefined
}

export const TEXT = { name: 13, phase: 12, axis: 11 } as const

export const EDGE = 12

/** Narrower bars would be invisible. */
const LEAST_BAR = 3

export function layoutOf(report: Report, width: number): Layout {
  const isNarrow = width < 520
  const { plot, ...names } = columnsOf(report, width, isNarrow)
  const span = spanOf(report)
  const isWhole = span >= report.deadline
  const end = Math.max(isWhole ? Math.max(span, report.grace) : span, 1)
  const length = plot.right - plot.left
  const xOf = (time: number) => plot.left + Math.min(1, Math.max(0, time / end)) * length
  const flags = isWhole
    ? flagsOf(report, width, isNarrow, xOf)
    : [beyond(`deadline ${formatDuration(report.deadline)} →`, plot.right)]
  const faults = report.faults.slice(0, MOST_FAULTS).map(({ at }) => ({ x: xOf(at), at }))
  const top = Math.max(...flags.map(({ y }) => y)) + 28 + (faults.length > 0 ? 20 : 0)

  const hookCount = report.phases.flatMap((phase) => phase.hooks).length
  const pitch = isNarrow ? 42 : hookCount <= 14 ? 30 : hookCount <= 60 ? 24 : 20
  const reserved = reservedOf(report)
  let y = top
  const phases = report.phases.map((phase): PlacedPhase => {
    const from = y
    y += isNarrow ? 30 : 6
    const rows = phase.hooks.map((hook): PlacedHook => {
      const middle = y + (isNarrow ? 25 : pitch / 2)
      const baseline = isNarrow ? y + 10 : middle + 4.5
      y += pitch
      return { hook, baseline, middle, ...barOf(hook, end, xOf, plot.right) }
    })
    y += 6
    const reserve = isWhole ? reserved.get(phase) : undefined
    const lanes: PlacedPhase['lanes'] = isNarrow
      ? rows.map(({ middle }) => [middle - 12, middle + 12])
      : [[from, y]]
    return { lanes, phase, top: from, bottom: y, reserve, rows }
  })
  const ticks = ticksOf(end, (end * 64) / length)
    .map((time) => ({ x: xOf(time), text: time === 0 ? '0' : formatDuration(time) }))
    .filter(({ x, text }) => {
      const half = lengthOf(text, TEXT.axis) / 2
      // Left out if the line of the deadline or SIGKILL, which show their time, would cross it.
      const isCrossed = flags.some(({ line = Infinity }) => Math.abs(line - x) < half + 3)
      return !isCrossed && x + half <= width
    })
  const bar = isNarrow ? 12 : Math.round(pitch * 0.46)
  const placed = { flags, faults: spread(faults, plot.right), phases, ticks }
  return { width, height: y, isNarrow, plot, ...names, top, bar, ...placed, xOf }
}

/** More faults would hide the chart. The list below it has all. */
const MOST_FAULTS = 12

/** Where the names and the bars are. Names take what they need, up to a share of the width. */
function columnsOf({ phases }: Report, width: number, isNarrow: boolean) {
  if (isNarrow) {
    const whole = width - 2 * EDGE
    const plot = { left: EDGE, right: width - EDGE }
    return { plot, nameAt: EDGE, nameLength: whole - 130, phaseLength: whole }
  }
  const longest = (named: readonly { readonly name: string }[], size: number, share: number) =>
    named.reduce(
      (long, { name }) => Math.min(width * share, Math.max(long, lengthOf(name, size))),
      0,
    )
  const hooks = phases.flatMap((phase) => phase.hooks)
  const phaseLength = longest(phases, TEXT.phase, 0.13)
  const nameLength = longest(hooks, TEXT.name, 0.2)
  const nameAt = EDGE + phaseLength + 16
  const hasEndings = hooks.some(({ status }) => status !== 'done')
  const plot = { left: nameAt + nameLength + 20, right: width - (hasEndings ? 148 : 84) }
  return { plot, nameAt, nameLength, phaseLength }
}

function beyond(text: string, x: number): Flag {
  return { kind: 'beyond', line: undefined, x, y: 14, anchor: 'end', text }
}

function flagsOf(
  { deadline, grace }: Report,
  width: number,
  isNarrow: boolean,
  xOf: (time: number) => number,
): Flag[] {
  const flag = (kind: 'deadline' | 'kill', time: number, text: string, isAfter: boolean): Flag => {
    const line = xOf(time)
    const place = isAfter ? { x: line + 5, anchor: 'start' } : { x: line - 5, anchor: 'end' }
    return { kind, line, y: 14, text, ...place } as Flag
  }
  const text = `deadline ${formatDuration(deadline)}`
  const kill = `SIGKILL ${formatDuration(grace)}`
  const fits = xOf(deadline) - lengthOf(text, TEXT.axis) - 6 > 0
  const room = width - xOf(grace) - 5
  const isBeside = !isNarrow && fits && room >= lengthOf(kill, TEXT.axis)
  const first = flag('deadline', deadline, text, !fits)
  // The deadline is one line lower where the two texts would overlap.
  return [isBeside ? first : { ...first, y: 30 }, flag('kill', grace, kill, isBeside)]
}

function barOf(hook: HookReport, end: number, xOf: (time: number) => number, right: number) {
  const from = Math.min(xOf(hook.began ?? hook.ended), right - LEAST_BAR)
  const to = Math.max(xOf(hook.ended), from + LEAST_BAR)
  const limit = limitOfHook(hook)
  return { from, to, limit: limit === undefined || limit > end ? undefined : xOf(limit) }
}

/** Moves overlapping signs apart: to the right, but not beyond the edge. */
function spread<T extends { readonly x: number }>(signs: readonly T[], right: number): T[] {
  const apart = 18
  const moved = [...signs].sort((one, other) => one.x - other.x)
  let least = 0
  for (const [index, sign] of moved.entries()) {
    const x = Math.max(sign.x, least)
    least = x + apart
    moved[index] = { ...sign, x }
  }
  return moved.map((sign, index) => {
    const most = right - (moved.length - 1 - index) * apart
    return { ...sign, x: Math.min(sign.x, most) }
  })
}
