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
  /** The line below the times of the axis, and the line below the last phase. */
  readonly top: number
  readonly bottom: number
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
  readonly lanes: readonly Lane[]
  readonly rows: readonly PlacedHook[]
}

/** A range of heights. */
export type Lane = readonly [from: number, to: number]

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

const EDGE = 12

/** Narrower bars would be invisible. */
const LEAST_BAR = 3

export function layoutOf(report: Report, width: number): Layout {
  const isNarrow = width < 520
  const hooks = report.phases.flatMap((phase) => phase.hooks)
  const longest = (texts: readonly string[], size: number, most: number) =>
    Math.min(
      most,
      texts.reduce((long, text) => Math.max(long, lengthOf(text, size)), 0),
    )
  const phaseLength = isNarrow
    ? width - 2 * EDGE
    : longest(
        report.phases.map(({ name }) => name),
        TEXT.phase,
        width * 0.13,
      )
  const nameAt = isNarrow ? EDGE : EDGE + phaseLength + 16
  const nameLength = isNarrow
    ? width - 2 * EDGE - 130
    : longest(
        hooks.map(({ name }) => name),
        TEXT.name,
        width * 0.2,
      )
  const hasEndings = hooks.some(({ status }) => status !== 'done')
  const plot = isNarrow
    ? { left: EDGE, right: width - EDGE }
    : { left: nameAt + nameLength + 20, right: width - (hasEndings ? 148 : 84) }

  const span = spanOf(report)
  const isWhole = span >= report.deadline
  const end = Math.max(isWhole ? Math.max(span, report.grace) : span, 1)
  const xOf = (time: number) =>
    plot.left + Math.min(1, Math.max(0, time / end)) * (plot.right - plot.left)
  const flags = flagsOf(report, { isWhole, isNarrow, plot, width, xOf })
  const axisAt = Math.max(0, ...flags.map(({ y }) => y)) + 20
  const faults = report.faults.slice(0, MOST_FAULTS).map(({ at }) => ({ x: xOf(at), at }))
  const top = axisAt + 8 + (faults.length > 0 ? 20 : 0)

  const pitch = isNarrow ? 42 : hooks.length <= 14 ? 30 : hooks.length <= 60 ? 24 : 20
  const reserved = reservedOf(report)
  let y = top
  const phases = report.phases.map((phase): PlacedPhase => {
    const from = y
    y += isNarrow ? 30 : 6
    const rows = phase.hooks.map((hook): PlacedHook => {
      const middle = y + (isNarrow ? 25 : pitch / 2)
      const baseline = isNarrow ? y + 10 : middle + 4.5
      y += pitch
      return { hook, baseline, middle, ...barOf(hook, { end, xOf, right: plot.right }) }
    })
    y += 6
    const reserve = reserved.get(phase)
    const lanes: Lane[] = isNarrow
      ? rows.map(({ middle }) => [middle - 12, middle + 12])
      : [[from, y]]
    return { lanes, phase, top: from, bottom: y, reserve: isWhole ? reserve : undefined, rows }
  })

  const apart = (end * 64) / (plot.right - plot.left)
  const ticks = ticksOf(end, apart)
    .map((time) => ({ x: xOf(time), text: time === 0 ? '0' : formatDuration(time) }))
    .filter(({ x, text }) => {
      const half = lengthOf(text, TEXT.axis) / 2
      // Left out where the line of the deadline or of SIGKILL would cross it: they have a time too.
      const isCrossed = flags.some(
        (flag) => flag.line !== undefined && Math.abs(flag.line - x) < half + 3,
      )
      return !isCrossed && x + half <= width
    })
  return {
    width,
    height: y,
    isNarrow,
    plot,
    top,
    bottom: y,
    nameAt,
    nameLength,
    phaseLength,
    bar: isNarrow ? 12 : Math.round(pitch * 0.46),
    ticks,
    flags,
    faults: spread(faults, plot.right),
    phases,
    xOf,
  }
}

/** More would hide the rest. The list below the chart has all of them. */
const MOST_FAULTS = 12

type Frame = Pick<Layout, 'isNarrow' | 'plot' | 'width' | 'xOf'> & { readonly isWhole: boolean }

function flagsOf(
  { deadline, grace }: Report,
  { isWhole, isNarrow, plot, width, xOf }: Frame,
): Flag[] {
  const text = `deadline ${formatDuration(deadline)}`
  if (!isWhole) {
    return [
      { kind: 'beyond', line: undefined, x: plot.right, y: 14, anchor: 'end', text: `${text} →` },
    ]
  }
  const at = xOf(deadline)
  const fits = at - lengthOf(text, TEXT.axis) - 6 > 0
  const first: Flag = fits
    ? { kind: 'deadline', line: at, x: at - 5, y: 14, anchor: 'end', text }
    : { kind: 'deadline', line: at, x: at + 5, y: 14, anchor: 'start', text }
  const kill = `SIGKILL ${formatDuration(grace)}`
  const room = width - xOf(grace) - 5
  const isBeside = !isNarrow && fits && room >= lengthOf(kill, TEXT.axis)
  const second: Flag = isBeside
    ? { kind: 'kill', line: xOf(grace), x: xOf(grace) + 5, y: 14, anchor: 'start', text: kill }
    : { kind: 'kill', line: xOf(grace), x: xOf(grace) - 5, y: 14, anchor: 'end', text: kill }
  // On a line of its own where the two texts would overlap.
  return [isBeside ? first : { ...first, y: 30 }, second]
}

function barOf(
  hook: HookReport,
  { end, xOf, right }: { end: number; xOf: (time: number) => number; right: number },
) {
  const from = Math.min(xOf(hook.began ?? hook.ended), right - LEAST_BAR)
  const to = Math.max(xOf(hook.ended), from + LEAST_BAR)
  const limit = limitOfHook(hook)
  return { from, to, limit: limit === undefined || limit > end ? undefined : xOf(limit) }
}

/** Moves signs that would cover each other apart. */
function spread<T extends { readonly x: number }>(signs: readonly T[], right: number): T[] {
  const apart = 18
  let least = 0
  const moved = [...signs]
    .sort((one, other) => one.x - other.x)
    .map((sign) => {
      const x = Math.max(sign.x, least)
      least = x + apart
      return { ...sign, x }
    })
  let most = right
  return moved
    .reverse()
    .map((sign) => {
      const x = Math.min(sign.x, most)
      most = x - apart
      return { ...sign, x }
    })
    .reverse()
}
