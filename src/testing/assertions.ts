import { AssertionError } from 'node:assert'
import type { Duration } from '../base/duration.ts'
import type { Report } from '../engine/report.ts'
import {
  cutOff,
  type HookOrder,
  hadTime,
  inOrder,
  together,
  type Verdict,
  withPicture,
} from './verdicts.ts'

/**
 * Expects that each of these hooks had ended before the next began. Names in an array of their own may
 * run in any order between the others; hooks that aren't named don't count. Of two that ran in the same
 * instant, as they do where a test's clock stands, the one of the earlier phase came first.
 *
 * @example expectOrder(test.report, ['http', ['jobs', 'consumers'], 'postgres'])
 * @throws AssertionError with the run as a picture
 */
export function expectOrder(report: Report | undefined, order: HookOrder): void {
  assert(inOrder(report, order), report, expectOrder)
}

/**
 * Expects that a hook had ended before another began.
 *
 * @example expectBefore(test.report, 'jobs', 'postgres')
 * @throws AssertionError with the run as a picture
 */
export function expectBefore(report: Report | undefined, first: string, second: string): void {
  assert(inOrder(report, [first, second]), report, expectBefore)
}

/**
 * Expects that hooks ran concurrently: no one of them had ended before another began.
 *
 * @example expectTogether(test.report, ['http', 'jobs'])
 * @throws AssertionError with the run as a picture
 */
export function expectTogether(report: Report | undefined, names: readonly string[]): void {
  assert(together(report, names), report, expectTogether)
}

/**
 * Expects that a hook was cut off: at its limit, or because the deadline had passed before it could begin.
 *
 * @example expectCutOff(test.report, 'http')
 * @throws AssertionError with the run as a picture
 */
export function expectCutOff(report: Report | undefined, name: string): void {
  assert(cutOff(report, name), report, expectCutOff)
}

/**
 * Expects that a hook was given at least so much time, whether it used it or not: that what ran before
 * left it that.
 *
 * @param atLeast a duration such as `'2s'`, or milliseconds
 * @example expectTimeFor(test.report, 'events', '2s')
 * @throws AssertionError with the run as a picture
 */
export function expectTimeFor(report: Report | undefined, name: string, atLeast: Duration): void {
  assert(hadTime(report, name, atLeast), report, expectTimeFor)
}

/** The stack begins where the expectation stands in the test. */
function assert(verdict: Verdict, report: unknown, stackStartFn: (...args: never[]) => void): void {
  if (verdict.pass) return
  const sentence = `Expected ${verdict.expected}, but ${verdict.because}.`
  throw new AssertionError({
    message: withPicture(sentence, report),
    stackStartFn: stackStartFn as () => void,
  })
}
