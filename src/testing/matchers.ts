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
 * The matchers, as `expect(report)` has them once they are extended with: for the types of vitest or
 * jest, as the documentation shows.
 */
export interface ShutdownMatchers<R = unknown> {
  /** Each of these hooks had ended before the next began; see `expectOrder()`. */
  toHaveRunInOrder(order: HookOrder): R
  /** A hook had ended before another began. */
  toHaveRunBefore(first: string, second: string): R
  /** Hooks ran concurrently. */
  toHaveRunTogether(names: readonly string[]): R
  /** A hook was cut off, or never ran because the deadline had passed. */
  toHaveCutOff(name: string): R
  /** A hook was given at least so much time, such as `'2s'`, whether it used it or not. */
  toHaveGivenTime(name: string, atLeast: Duration): R
}

/**
 * Matchers for reports, for vitest and jest and whatever else takes them by `expect.extend()`.
 *
 * @example
 * expect.extend(shutdownMatchers)
 * expect(test.report).toHaveRunInOrder(['http', 'jobs', 'postgres'])
 * expect(test.report).not.toHaveCutOff('http')
 */
export const shutdownMatchers = {
  toHaveRunInOrder: (report: Report | undefined, order: HookOrder) =>
    result(inOrder(report, order), report),
  toHaveRunBefore: (report: Report | undefined, first: string, second: string) =>
    result(inOrder(report, [first, second]), report),
  toHaveRunTogether: (report: Report | undefined, names: readonly string[]) =>
    result(together(report, names), report),
  toHaveCutOff: (report: Report | undefined, name: string) => result(cutOff(report, name), report),
  toHaveGivenTime: (report: Report | undefined, name: string, atLeast: Duration) =>
    result(hadTime(report, name, atLeast), report),
}

/** As both runners want it: the message is asked for where it fails, and with `not` where it passes. */
interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
}

function result({ pass, expected, because }: Verdict, report: unknown): MatcherResult {
  const sentence = pass
    ? `Expected that not: ${expected}, but ${because}.`
    : `Expected ${expected}, but ${because}.`
  return { pass, message: () => withPicture(sentence, report) }
}
