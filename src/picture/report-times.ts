import { formatDuration } from '../base/duration.ts'
import { HANDOVER } from '../engine/budget.ts'
import type { HookReport, PhaseReport, Report } from '../engine/report.ts'

/** A part of a shutdown, in milliseconds from its start. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/**
 * The time that a picture shows. Up to the deadline if the shutdown used half of it, or a tenth and a
 * hook was cut off: the reader wants to see why. Otherwise the duration, so that a hook of a millisecond
 * is visible.
 */
export function spanOf(report: Report): number {
  const { duration, deadline, phases } = report
  const nearness = phases.some(({ hooks }) => hooks.some(({ status }) => status === 'cut off'))
    ? 0.1
    : 0.5
  return duration >= deadline * nearness ? Math.max(duration, deadline) : duration
}

/** Round times for an axis, from zero, at least `apart` milliseconds apart. */
export function ticksOf(span: number, apart: number): number[] {
  const power = 10 ** Math.floor(Math.log10(Math.max(apart, 1)))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= apart) ?? power
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step)
}

/**
 * The reserve of each phase, as the part of the budget that no earlier phase could use. A phase that a late
 * hook opened after its turn had no reserve.
 */
export function reservedOf({ phases, deadline }: Report): ReadonlyMap<PhaseReport, Stretch> {
  let least = Number.POSITIVE_INFINITY
  const inTurn = phases.filter(({ priority }) => {
    const isInTurn = priority < least
    least = Math.min(least, priority)
    return isInTurn
  })
  const reserved = new Map<PhaseReport, Stretch>()
  let to = deadline
  for (const phase of inTurn.reverse()) {
    const from = to - phase.reserve
    if (phase.reserve > 0 && from >= 0) reserved.set(phase, { from, to })
    to = from - HANDOVER
  }
  return reserved
}

/** When a hook had to be over; `undefined` if it never began. */
export function limitOfHook({ began, limit }: HookReport): number | undefined {
  return began === null ? undefined : began + limit
}

/** What cut a hook off, in words: the deadline, the reserves of later phases, or its own limit. */
export function whyCutOff(report: Report, phase: PhaseReport, hook: HookReport): string {
  const end = limitOfHook(hook)
  if (end === undefined) return 'never ran: the deadline had passed before it could begin'
  const said = `cut off at its limit of ${formatDuration(hook.limit)}`
  if (Math.abs(end - report.deadline) <= TOLERANCE) return `${said}, which is the deadline`
  const later = [...reservedOf(report)].filter(([{ priority }]) => priority < phase.priority)
  const first = later.reduce((least, [, { from }]) => Math.min(least, from), Infinity)
  if (Math.abs(end - (first - HANDOVER)) > TOLERANCE) return said
  const kept = later.reverse().map(([{ name, reserve }]) => `${name} (${formatDuration(reserve)})`)
  const last = kept.pop()
  return `${said}: the rest was kept for ${kept.length === 0 ? last : `${kept.join(', ')} and ${last}`}`
}

/** Limits are whole milliseconds, counted from a little later than the reserves. */
const TOLERANCE = 3
