import { invalidOption, LastcallError } from '../base/errors.ts'
import { describeExitStatus, type ExitStatus, signalExitCode } from '../runtime/exit-status.ts'

/** Checks the option for the exit codes that are a good end. */
export function parseExitCodes(value: unknown, option: string): ReadonlySet<number> {
  if (value === undefined) return new Set([0])
  const isCode = (code: unknown) =>
    Number.isInteger(code) && Number(code) >= 0 && Number(code) <= 255
  if (Array.isArray(value) && value.every(isCode)) return new Set(value)
  throw invalidOption(option, 'an array of integers from 0 to 255, such as [0]', value)
}

/**
 * Whether a process ended with one of its exit codes, or by a signal that it was sent: either the
 * signal ended it, or it exited with 128 + n, as many programs do.
 */
export function isExpectedExit(
  { code, signal }: ExitStatus,
  exitCodes: ReadonlySet<number>,
  sentSignals: readonly NodeJS.Signals[] = [],
): boolean {
  if (code !== null && exitCodes.has(code)) return true
  return sentSignals.some((sent) => signal === sent || code === signalExitCode(sent))
}

/** The error for an unexpected exit. It has no stack: the library's own frames help no user. */
export function endedBadly(label: string, status: ExitStatus): LastcallError {
  const error = new LastcallError(
    'LASTCALL_CHILD_FAILED',
    `${label} ended with ${describeExitStatus(status)}`,
  )
  delete error.stack
  return error
}
