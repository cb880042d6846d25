import type { Duration } from '../base/duration.ts'
import type { Plan } from '../engine/plan.ts'
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
  toHaveRunInOrder(report: unknown, order: HookOrder, options?: OrderOptions): MatcherResult {
    const check = () => checkOrder(report, order, options)
    return matched(shutdownMatchers.toHaveRunInOrder, report, check)
  },
  toHaveRunBefore(
    report: unknown,
    first: string,
    second: string,
    options?: OrderOptions,
  ): MatcherResult {
    const check = () => checkOrder(report, [first, second], options)
    return matched(shutdownMatchers.toHaveRunBefore, report, check)
  },
  toHaveRunTogether(report: unknown, names: readonly string[]): MatcherResult {
    const check = () => checkTogether(report, names)
    return matched(shutdownMatchers.toHaveRunTogether, report, check)
  },
  toHaveCutOff(report: unknown, name: string): MatcherResult {
    const check = () => checkCutOff(report, name)
    return matched(shutdownMatchers.toHaveCutOff, report, check)
  },
  toHaveGivenTime(report: unknown, name: string, atLeast: Duration): MatcherResult {
    const check = () => checkTime(report, name, atLeast)
    return matched(shutdownMatchers.toHaveGivenTime, report, check)
  },
  toHaveEndedClean(report: unknown, options?: CleanEndOptions): MatcherResult {
    const check = () => checkCleanEnd(report, options)
    return matched(shutdownMatchers.toHaveEndedClean, report, check)
  },
  toEndWithin(report: unknown, atMost: Duration): MatcherResult {
    const check = () => checkEndWithin(report, atMost)
    return matched(shutdownMatchers.toEndWithin, report, check)
  },
  toFitIn(plan: unknown, atMost: Duration): MatcherResult {
    const result = calledBy(shutdownMatchers.toFitIn, () => checkPlanFits(plan, atMost))
    return { pass: result.pass, message: () => planFailureMessage(result, plan as Plan) }
  },
}

/** What a matcher of vitest, jest or Bun returns. They ask for the message if the expectation is not met. */
interface MatcherResult {
  readonly pass: boolean
  message(): string
}

function matched(
  caller: (...args: never[]) => unknown,
  report: unknown,
  check: () => CheckResult,
): MatcherResult {
  const result = calledBy(caller, check)
  return { pass: result.pass, message: () => failureMessage(result, report) }
}
