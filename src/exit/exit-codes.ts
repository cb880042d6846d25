import { invalidOption, refuseUnknownOptions } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { Outcome } from '../engine/report.ts'
import { signalExitCode } from '../runtime/exit-status.ts'

/** The exit code of each outcome: an integer from 0 to 255. */
export interface ExitCodes {
  /**
   * All hooks are done. Default: the application's own `process.exitCode`, which is 0 unless set.
   * `'signal'` gives 128 + n after a signal, as a shell would report it.
   */
  readonly clean?: number | 'signal' | undefined
  /** A hook failed. Default 1. */
  readonly failed?: number | undefined
  /** A hook was cut off by the deadline or by its own limit. Default 124, as for timeout(1). */
  readonly deadline?: number | undefined
  /** An uncaught exception or unhandled rejection, whatever the hooks did. Default 1. */
  readonly fault?: number | undefined
  /** A second press. Default: 128 + n. */
  readonly forced?: number | 'signal' | undefined
  /**
   * All hooks are done, but a peer did not take all that was for it: the reader of stdout or stderr, or the
   * client of an HTTP server. Default: the code of a clean shutdown. The log says what is lost in any case.
   */
  readonly undelivered?: number | undefined
}

/**
 * Outcome → exit code: the option that sets it, and its default. Of several shutdowns in one process,
 * the outcome with the highest rank sets the code. A process that the watchdog kills has 137.
 */
export const EXIT_CODES = {
  clean: { option: 'clean', byDefault: 'application', rank: 0 },
  failed: { option: 'failed', byDefault: 1, rank: 1 },
  'cut off': { option: 'deadline', byDefault: 124, rank: 2 },
  fault: { option: 'fault', byDefault: 1, rank: 3 },
  forced: { option: 'forced', byDefault: 'signal' },
  undelivered: { option: 'undelivered', byDefault: undefined },
} as const satisfies Record<Outcome | 'forced' | 'undelivered', ExitCodeRow>

interface ExitCodeRow {
  readonly option: keyof ExitCodes
  /** `'application'`: the application's `process.exitCode`. `'signal'`: 128 + n. */
  readonly byDefault: number | 'signal' | 'application' | undefined
  readonly rank?: number
}

/** A code for each option: what the application has set, else the default. */
export interface ExitPolicy {
  readonly clean: number | 'signal' | 'application'
  readonly failed: number
  readonly deadline: number
  readonly fault: number
  readonly forced: number | 'signal'
  readonly undelivered: number | undefined
}

const ROWS: readonly ExitCodeRow[] = Object.values(EXIT_CODES)

/** @throws LastcallError `LASTCALL_INVALID_OPTION` */
export function exitPolicy(option: unknown = {}): ExitPolicy {
  const names = ROWS.map((row) => row.option)
  refuseUnknownOptions(option, names, "{ deadline: 1, clean: 'signal' }", 'exitCodes')
  const given = option as ExitCodes
  for (const name of names) refuseInvalidCode(name, given[name])
  const codes = ROWS.map(({ option: name, byDefault }) => [name, given[name] ?? byDefault])
  return Object.fromEntries(codes)
}

function refuseInvalidCode(name: keyof ExitCodes, code: unknown): void {
  if (code === undefined) return
  const mayBeSignal = name === 'clean' || name === 'forced'
  if (code === 'signal' && mayBeSignal) return
  if (typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 255) return
  const rule = 'an integer from 0 to 255 (the kernel keeps 8 bits: 256 would read as 0)'
  throw invalidOption(`exitCodes.${name}`, mayBeSignal ? `${rule} or 'signal'` : rule, code)
}

/** The code to exit with after a shutdown that ended like this. */
export function exitCodeOf(
  outcome: Outcome | 'undelivered',
  reason: Reason,
  policy: ExitPolicy,
  applicationCode: number,
): number {
  const code = policy[EXIT_CODES[outcome].option] ?? policy.clean
  if (typeof code === 'number') return code
  return code === 'signal' && reason.kind === 'signal'
    ? signalExitCode(reason.signal)
    : applicationCode
}

/** The outcome that has this rank. */
export function outcomeOfRank(rank: number): Outcome {
  const outcomes: readonly Outcome[] = ['clean', 'failed', 'cut off', 'fault']
  return outcomes.find((outcome) => EXIT_CODES[outcome].rank === rank) ?? 'fault'
}

/** The code of a press that forces the exit. */
export function forcedCode(signal: NodeJS.Signals, { forced }: ExitPolicy): number {
  return typeof forced === 'number' ? forced : signalExitCode(signal)
}
