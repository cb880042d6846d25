import { AssertionError } from 'node:assert'
import type { Duration } from '../base/duration.ts'
import type { Report } from '../engine/report.ts'
import {
  type CheckResult,
  checkCutOff,
  checkOrder,
  checkTime,
  checkTogether,
  failureMessage,
  type HookOrder,
} from './checks.ts'

/**
 * Expects that each of these hooks had ended before the next began. Hooks in a nested array may run in
 * any order; hooks that aren't named don't count. If two hooks ran at the same instant, because the test's
 * clock stood still, the hook of the earlier phase came first.
 *
 * @example expectOrder(test.report, ['http', ['jobs', 'consumers'], 'postgres'])
 * @throws AssertionError with a picture of the shutdown
 */
export function expectOrder(report: Report | undefined, order: HookOrder): void {
  assert(checkOrder(report, order), report, expectOrder)
}

/**
 * Expects that a hook had ended before another began.
 *
 * @example expectBefore(test.report, 'jobs', 'postgres')
 * @throws AssertionError with a picture of the shutdown
 */
export function expectBefore(report: Report | undefined, first: string, second: string): void {
  assert(checkOrder(report, [first, second]), report, expectBefore)
}

/**
 * Expects that hooks ran concurrently: none had ended before another began.
 *
 * @example expectTogether(test.report, ['http', 'jobs'])
 * @throws AssertionError with a picture of the shutdown
 */
export function expectTogether(report: Report | undefined, names: readonly string[]): void {
  assert(checkTogether(report, names), report, expectTogether)
}

/**
 * Expects that a hook was cut off: at its limit, or because the deadline had passed before it could begin.
 *
 * @example expectCutOff(test.report, 'http')
 * @throws AssertionError with a picture of the shutdown
 */
export function expectCutOff(report: Report | undefined, name: string): void {
  assert(checkCutOff(report, name), report, expectCutOff)
}

/**
 * Expects that a hook was given at least this much time, used or not: the hooks before it left enough.
 *
 * @param atLeast a duration such as `'2s'`, or milliseconds
 * @example expectTimeFor(test.report, 'events', '2s')
 * @throws AssertionError with a picture of the shutdown
 */
export function expectTimeFor(report: Report | undefined, name: string, atLeast: Duration): void {
  assert(checkTime(report, name, atLeast), report, expectTimeFor)
}

/** Throws if a check fails. The stack begins at the expectation in the test. */
function assert(result: CheckResult, report: unknown, caller: unknown): void {
  if (result.pass) return
  const message = failureMessage(result, report)
  throw new AssertionError({ message, stackStartFn: caller as () => void })
}
