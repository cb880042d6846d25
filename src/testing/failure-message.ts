import { formatReport } from '../picture/timeline.ts'
import type { CheckResult } from './checks.ts'
import { checkReport } from './find-hook.ts'

/** The same wherever the tests run: messages are compared, and end up in logs. */
const PICTURE = { width: 80, colors: false }

/** The message for a failed expectation, or for one that passes and should not, with a picture of the shutdown. */
export function failureMessage({ pass, expected, because }: CheckResult, report: unknown): string {
  const not = pass ? 'that not: ' : ''
  const picture = formatReport(checkReport(report), PICTURE)
  return `Expected ${not}${expected}, but ${because}.\n\n${picture}\n`
}
