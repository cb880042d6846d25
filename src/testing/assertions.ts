import type { Duration } from '../base/duration.ts'
import { inCall } from '../base/errors.ts'
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
  failure,
  failureMessage,
  type HookOrder,
  type OrderOptions,
  planFailureMessage,
} from './checks.ts'

/**
 * Expects that each of these hooks had ended before the next began. Hooks in a nested array may run in
 * any order; hooks that you do not name do not count. If two hooks ran at the same instant, because the
 * test's clock stood still, the hook of the earlier phase came first.
 *
 * A hook that was cut off or failed has not ended in this sense: it may still be at work, or has done
 * nothing. `{ endedBy: 'any' }` accepts it.
 *
 * @example expectOrder(report, ['http', ['jobs', 'consumers'], 'postgres'])
 * @throws AssertionError with a picture of the shutdown
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for an order or an option that breaks its rule
 */
export function expectOrder(
  report: Report | undefined,
  order: HookOrder,
  options?: OrderOptions,
): void {
  assert(expectOrder, report, () => checkOrder(report, order, options))
}

/**
 * Expects that a hook had ended before another began. The options are those of `expectOrder()`.
 *
 * @example expectBefore(report, 'jobs', 'postgres')
 * @throws AssertionError with a picture of the shutdown
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for an option that breaks its rule
 */
export function expectBefore(
  report: Report | undefined,
  first: string,
  second: string,
  options?: OrderOptions,
): void {
  assert(expectBefore, report, () => checkOrder(report, [first, second], options))
}

/**
 * Expects that hooks ran concurrently: none had ended before another began.
 *
 * @example expectTogether(report, ['http', 'jobs'])
 * @throws AssertionError with a picture of the shutdown
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for names that are not two or more
 */
export function expectTogether(report: Report | undefined, names: readonly string[]): void {
  assert(expectTogether, report, () => checkTogether(report, names))
}

/**
 * Expects that a hook was cut off: at its limit, or because the deadline had passed before it could begin.
 *
 * @example expectCutOff(report, 'http')
 * @throws AssertionError with a picture of the shutdown
 */
export function expectCutOff(report: Report | undefined, name: string): void {
  assert(expectCutOff, report, () => checkCutOff(report, name))
}

/**
 * Expects that a hook was given at least this much time, used or not: the hooks before it left enough.
 *
 * @param atLeast a duration such as `'2s'`, or milliseconds
 * @example expectTimeFor(report, 'events', '2s')
 * @throws AssertionError with a picture of the shutdown
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for a duration that breaks its rule
 */
export function expectTimeFor(report: Report | undefined, name: string, atLeast: Duration): void {
  assert(expectTimeFor, report, () => checkTime(report, name, atLeast))
}

/**
 * Expects that every hook did its work in time: none was cut off, failed or late, and no error happened
 * outside of the hooks. With `headroom`, each hook also left that part of its limit, in per cent.
 *
 * @example expectCleanEnd(report, { headroom: 20 })
 * @throws AssertionError with a picture of the shutdown
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for an option that breaks its rule
 */
export function expectCleanEnd(report: Report | undefined, options?: CleanEndOptions): void {
  assert(expectCleanEnd, report, () => checkCleanEnd(report, options))
}

/**
 * Expects that the shutdown took at most this much time. The clock starts when the shutdown begins, and
 * stops when the last hook is over.
 *
 * @param atMost a duration such as `'8s'`, or milliseconds
 * @example expectEndWithin(report, '8s')
 * @throws AssertionError with a picture of the shutdown
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for a duration that breaks its rule
 */
export function expectEndWithin(report: Report | undefined, atMost: Duration): void {
  assert(expectEndWithin, report, () => checkEndWithin(report, atMost))
}

/**
 * Expects that the shutdown fits in the time that a platform grants, even if each hook takes all the time
 * that it may: until the last hook is cut off, and then the margin.
 *
 * @param atMost a duration such as `'10s'`, or milliseconds
 * @example expectPlanFits(shutdown.plan(), '10s')
 * @throws AssertionError with the plan as a table
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for a duration that breaks its rule
 */
export function expectPlanFits(plan: Plan, atMost: Duration): void {
  calledBy(expectPlanFits, () => {
    const result = inCall('expectPlanFits()', () => checkPlanFits(plan, atMost))
    if (!result.pass) throw failure(planFailureMessage(result, plan))
  })
}

/** Throws if a check fails. The stack begins at the expectation in the test. */
function assert(
  caller: (...args: never[]) => unknown,
  report: unknown,
  check: () => CheckResult,
): void {
  calledBy(caller, () => {
    const result = inCall(`${caller.name}()`, check)
    if (!result.pass) throw failure(failureMessage(result, report))
  })
}
