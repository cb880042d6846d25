import { formatDuration, parseDuration } from '../base/duration.ts'
import { LastcallError } from '../base/errors.ts'

/** The time of one run, in milliseconds: `budget` is what is left of the grace for the hooks. */
export interface Budget {
  readonly grace: number
  readonly margin: number
  readonly deadline: number
}

/** Who set the grace: the option `grace`, or what the platform is known to grant. */
export type GraceSource = 'option' | 'platform'

/**
 * What is kept for a phase besides its reserve: a limit's timer may fire late, and a reserve is to
 * be had whole.
 */
export const HANDOVER = 10

/** What the hooks of one priority want kept, in milliseconds. */
export interface Wish {
  /** The largest reserve that a hook of it named. */
  readonly named: number
  /** What the phase keeps for hooks that named none; it yields to what was named elsewhere. */
  readonly usual: number
}

/** The grace and its margin: 10 % of the grace, at least 100 ms and at most 2 s, unless given. */
export function budgetOf(grace: number, margin: unknown): Budget {
  const kept =
    margin === undefined
      ? Math.min(Math.max(grace * 0.1, 100), 2000)
      : parseDuration(margin, 'margin', 0)
  if (kept >= grace) {
    throw new LastcallError(
      'LASTCALL_INVALID_OPTION',
      `Expected \`margin\` to be smaller than the grace of ${formatDuration(grace)}, got ${formatDuration(kept)}${margin === undefined ? ' (the default)' : ''}. Nothing would be left for the hooks: give a longer \`grace\` (a number is milliseconds: for ten seconds write '10s') or a smaller \`margin\`.`,
    )
  }
  return { grace, margin: kept, deadline: grace - kept }
}

/**
 * What each of the wishes gets. What was named is kept whole; the usual reserves share what that
 * leaves, so that somebody who reserves nearly everything need not know of them.
 */
export function reservesOf(wishes: readonly Wish[], budget: number): number[] {
  const named = sum(wishes.map((wish) => wish.named))
  const more = (wish: Wish) => Math.max(0, wish.usual - wish.named)
  const share = Math.min(1, Math.max(0, budget - named) / (sum(wishes.map(more)) || 1))
  return wishes.map((wish) => wish.named + Math.round(more(wish) * share))
}

/**
 * What is kept of the time that is left: for each of the phases that are still to run, in their order,
 * and in sum for those that come after the first so many.
 */
export function keepReserves(
  wishes: readonly Wish[],
  left: number,
  beginning: number,
): { reserves: number[]; later: number } {
  const reserves = reservesOf(wishes, left - HANDOVER * (wishes.length - 1))
  const later = sum(reserves.slice(beginning).map((reserve) => reserve + HANDOVER))
  return { reserves, later }
}

/** How long a hook may take that begins now: the least of its own timeout and what later phases leave it. */
export function limitOf(
  hook: { readonly timeout: number; readonly reserve: number | undefined },
  { left, later, margin }: { left: number; later: number; margin: number },
): number {
  if (left <= 0) return 0
  // What was reserved is to be had whole: where timers fired late, for the machine is busy, it may
  // take of the margin what is missing, up to a half.
  const promised = Math.min(hook.reserve ?? 0, left - later + margin / 2)
  return Math.max(1, Math.floor(Math.min(hook.timeout, Math.max(left - later, promised))))
}

export function refuseOversizedReserves(
  wishes: readonly (Wish & { label: string })[],
  budget: Budget,
) {
  const named = wishes.filter((wish) => wish.named > 0)
  const total = sum(named.map((wish) => wish.named))
  if (total <= budget.deadline) return
  const parts = named.map((wish) => `${wish.label} ${formatDuration(wish.named)}`).join(' + ')
  throw new LastcallError(
    'LASTCALL_RESERVES_TOO_LARGE',
    `The reserves add up to ${formatDuration(total)} (${parts}), more than the budget of ${formatDuration(budget.deadline)} (grace ${formatDuration(budget.grace)} − margin ${formatDuration(budget.margin)}). Reserve less, or give a longer \`grace\` if the platform grants one.`,
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
