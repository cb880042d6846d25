import { formatDuration, parseDuration } from '../base/duration.ts'
import { refusal } from '../base/errors.ts'

/** The time of one shutdown, in milliseconds. */
export interface Budget {
  readonly grace: number
  readonly margin: number
  /** What the hooks have: grace − margin. */
  readonly deadline: number
  /** The margin that the platform's grace is too short for, if it is; `margin` is half of the grace then. */
  readonly wantedMargin?: number
  /** What is kept of it, after the last phase, for others' listeners of the signal, where they wait. */
  readonly forOthers?: number
}

/** Who set the grace: the application, by the option `grace`, or the platform. */
export type GraceSource = 'option' | 'platform'

/**
 * Milliseconds kept for each phase besides its reserve: the timers of the previous phase may fire late,
 * and a reserve must stay whole.
 */
export const HANDOVER = 10

/** The part of the budget that the hooks of one priority reserve, in milliseconds. */
export interface ReserveClaim {
  /** The largest reserve that one of the hooks names. */
  readonly named: number
  /** The reserve of hooks that name none. It shrinks if the named reserves leave too little. */
  readonly byDefault: number
}

/**
 * Splits the grace. The margin is 10 % of it, at least 100 ms and at most 2 s, unless given. A grace of the
 * platform may be too short for that: then the margin is half of it, since the application has to start.
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export function budgetOf(grace: number, option: unknown, from: GraceSource = 'option'): Budget {
  const margin = option === undefined ? defaultMargin(grace) : parseDuration(option, 'margin', 0)
  const isShort = option === undefined ? margin > grace / 2 : margin >= grace
  if (from === 'platform' && isShort) {
    return { grace, margin: grace / 2, deadline: grace / 2, wantedMargin: margin }
  }
  if (margin >= grace && option === undefined) {
    throw refusal(
      'LASTCALL_INVALID_OPTION',
      `\`grace\` is ${formatDuration(grace)} (a number is milliseconds: for ${grace} seconds write '${grace}s'). Expected it to be longer than the margin of ${formatDuration(margin)} (the default). Nothing would be left for the hooks.`,
    )
  }
  if (margin >= grace) {
    throw refusal(
      'LASTCALL_INVALID_OPTION',
      `Expected \`margin\` to be smaller than the grace of ${formatDuration(grace)}, got ${formatDuration(margin)}. Nothing would be left for the hooks: give a longer \`grace\` (a number is milliseconds: for ten seconds write '10s') or a smaller \`margin\`.`,
    )
  }
  return { grace, margin, deadline: grace - margin }
}

/** The same budget, with 10 % of the time until the deadline kept for others' listeners of the signal. */
export function keepForOthers(budget: Budget): Budget {
  return { ...budget, forOthers: budget.deadline * 0.1 }
}

/** The margin of a grace that is long enough for it, in milliseconds. */
function defaultMargin(grace: number): number {
  return Math.min(Math.max(grace * 0.1, 100), 2000)
}

/**
 * How much of the time each claim gets. Named reserves are kept whole. Default reserves share the rest,
 * so that a hook can name nearly the whole budget.
 */
export function reservesOf(claims: readonly ReserveClaim[], time: number): number[] {
  const named = sum(claims.map((claim) => claim.named))
  const extraOf = (claim: ReserveClaim) => Math.max(0, claim.byDefault - claim.named)
  const share = Math.min(1, Math.max(0, time - named) / (sum(claims.map(extraOf)) || 1))
  return claims.map((claim) => claim.named + Math.round(extraOf(claim) * share))
}

/**
 * The reserves that are kept from the time left.
 *
 * @param claims of the phases that are still to run, in their order
 * @param beginning how many of these phases begin now
 * @param forOthers what is kept after the last phase. It shrinks as a default reserve does
 * @returns the reserve of each phase, and the sum that is kept for the phases that begin later
 */
export function keepReserves(
  claims: readonly ReserveClaim[],
  timeLeft: number,
  beginning: number,
  forOthers = 0,
): { reserves: number[]; keptForLater: number } {
  const all = forOthers > 0 ? [...claims, { named: 0, byDefault: forOthers }] : claims
  const reserves = reservesOf(all, timeLeft - HANDOVER * (all.length - 1))
  const keptForLater = sum(reserves.slice(beginning).map((reserve) => reserve + HANDOVER))
  return { reserves: reserves.slice(0, claims.length), keptForLater }
}

/** How long a hook that begins now may take: its timeout, or what later phases leave if that is less. */
export function limitOf(
  hook: { readonly timeout: number; readonly reserve: number | undefined },
  time: { readonly timeLeft: number; readonly keptForLater: number; readonly margin: number },
): number {
  const { timeLeft, keptForLater, margin } = time
  if (timeLeft <= 0) return 0
  const free = timeLeft - keptForLater
  // If earlier timers fired late, on a busy machine, up to half of the margin fills up a named reserve.
  const promised = Math.min(hook.reserve ?? 0, free + margin / 2)
  return Math.max(1, Math.floor(Math.min(hook.timeout, Math.max(free, promised))))
}

/** What is wrong if the named reserves add up to more than the budget; `undefined` if they do not. */
export function oversizedReserves(
  claims: readonly (ReserveClaim & { readonly label: string })[],
  budget: Budget,
): string | undefined {
  const named = claims.filter((claim) => claim.named > 0)
  const total = sum(named.map((claim) => claim.named))
  if (total <= budget.deadline) return undefined
  const parts = named.map((claim) => `${claim.label} ${formatDuration(claim.named)}`).join(' + ')
  return `The reserves add up to ${formatDuration(total)} (${parts}), more than the budget of ${formatDuration(budget.deadline)} (grace ${formatDuration(budget.grace)} − margin ${formatDuration(budget.margin)}). Reserve less, or give a longer \`grace\` if the platform grants one.`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
