import type { Duration } from '../base/duration.ts'
import type { Plan } from '../engine/plan.ts'
import type { Report } from '../engine/report.ts'
import {
  type CheckResult,
  type CleanEndOptions,
  calledBy,
  checkCleanEnd,
  checkCutOff,
  checkEndWithin,
  checkOrder,
  checkPlanFits,
  checkTime,
  checkTogether,
  failureMessage,
  type HookOrder,
  type OrderOptions,
  planFailureMessage,
} from './checks.ts'

/**
 * The matchers that `expect(report)` has after `expect.extend(shutdownMatchers)`: for the types of vitest
 * or jest, as the documentation shows.
 */
export interface ShutdownMatchers<R = unknown> {
  /** Each of these hooks had ended before the next began; see `expectOrder()`. */
  toHaveRunInOrder(order: HookOrder, options?: OrderOptions): R
  /** A hook had ended before another began; see `expectBefore()`. */
  toHaveRunBefore(first: string, second: string, options?: OrderOptions): R
  /** Hooks ran concurrently. */
  toHaveRunTogether(names: readonly string[]): R
  /** A hook was cut off, or never ran because the deadline had passed. */
  toHaveCutOff(name: string): R
  /** A hook was given at least this much time, such as `'2s'`, used or not. */
  toHaveGivenTime(name: string, atLeast: Duration): R
  /** Every hook did its work in time; see `expectCleanEnd()`. */
  toHaveEndedClean(options?: CleanEndOptions): R
  /** The shutdown took at most this much time, such as `'8s'`. */
  toEndWithin(atMost: Duration): R
  /** For a plan: the shutdown fits in this time, such as `'10s'`; see `expectPlanFits()`. */
  toFitIn(atMost: Duration): R
}

/**
 * Matchers for reports, for vitest, jest and other runners with `expect.extend()`.
 *
 * @example
 * expect.extend(shutdownMatchers)
 * expect(test.report).toHaveRunInOrder(['http', 'jobs', 'postgres'])
 * expect(test.report).not.toHaveCutOff('http')
 */
export const shutdownMatchers = {
  toHaveRunInOrder: matcher(checkOrder),
  toHaveRunBefore: matcher((report, first: string, second: string, options?: OrderOptions) =>
    checkOrder(report, [first, second], options),
  ),
  toHaveRunTogether: matcher(checkTogether),
  toHaveCutOff: matcher(checkCutOff),
  toHaveGivenTime: matcher(checkTime),
  toHaveEndedClean: matcher(checkCleanEnd),
  toEndWithin: matcher(checkEndWithin),
  toFitIn(plan: Plan, atMost: Duration) {
    const result = calledBy(shutdownMatchers.toFitIn, () => checkPlanFits(plan, atMost))
    return { pass: result.pass, message: () => planFailureMessage(result, plan) }
  },
}

/** A matcher in the form of vitest and jest, which ask for the message when the expectation is not met. */
function matcher<Args extends [report: Report | undefined, ...unknown[]]>(
  check: (...args: Args) => CheckResult,
) {
  return function match(...args: Args) {
    const result = calledBy(match, () => check(...args))
    return { pass: result.pass, message: () => failureMessage(result, args[0]) }
  }
}
