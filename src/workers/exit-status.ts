import { invalidOption, LastcallError } from '../base/errors.ts'
import { signalNumbers } from '../runtime/signals.ts'

/** How a process ended: by an exit code, or by a signal. */
export interface ExitStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Reads the exit codes that say that a program ended well. */
export function exitCodesOf(value: unknown, option: string): ReadonlySet<number> {
  if (value === undefined) return new Set([0])
  const isCode = (code: unknown) =>
    Number.isInteger(code) && Number(code) >= 0 && Number(code) <= 255
  if (Array.isArray(value) && value.every(isCode)) return new Set(value)
  throw invalidOption(option, 'an array of integers from 0 to 255, such as [0]', value)
}

/** The code by which a shell reports that a process was ended by this signal. */
export function codeOf(signal: NodeJS.Signals): number {
  return 128 + (signalNumbers()[signal] ?? 0)
}

/** Whether it ended by one of its exit codes, or by a signal that it was told by, as most programs do. */
export function isExpected(
  { code, signal }: ExitStatus,
  exitCodes: ReadonlySet<number>,
  toldBy: readonly NodeJS.Signals[],
): boolean {
  if (code !== null && exitCodes.has(code)) return true
  return toldBy.some((told) => signal === told || code === codeOf(told))
}

export function describeExitStatus({ code, signal }: ExitStatus): string {
  return signal ?? `exit code ${code}`
}

/** The error for what did not end as it should. Where in the library that was seen helps nobody. */
export function endedBadly(what: string, ending: ExitStatus): LastcallError {
  const error = new LastcallError(
    'LASTCALL_CHILD_FAILED',
    `${what} ended with ${describeExitStatus(ending)}`,
  )
  delete error.stack
  return error
}
