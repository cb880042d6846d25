import { parseDuration } from '../base/duration.ts'
import { parseSignal } from '../runtime/signals.ts'
import { asUsageError, usageError } from './failure.ts'

/** Signals that start the stop: a program that outlasts the grace is killed. */
export const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGQUIT']

/** Signals that `run` also passes on to a single program, which gives them a meaning. */
export const OTHER_SIGNALS: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGALRM',
  'SIGPWR',
]

/** The least time that lastcall keeps for its own exit, in milliseconds. */
const MIN_MARGIN = 100

/** Reads `--grace` into milliseconds. */
export function graceOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : checkGrace(durationOf(text), '--grace')
}

/** Refuses a grace that would leave a program no time. */
export function checkGrace(grace: number, option: string): number {
  if (grace > MIN_MARGIN) return grace
  throw usageError(
    `${option} must be longer than ${MIN_MARGIN} ms, the time that lastcall keeps for its own exit`,
  )
}

/** Reads the duration of `--grace`, such as 10s, into milliseconds. */
export function durationOf(text: string): number {
  if (/^\d+$/.test(text)) {
    throw usageError(`--grace ${text} has no unit: write ${text}s or ${text}ms`)
  }
  return asUsageError(() => parseDuration(text, '--grace'))
}

/** Reads a signal name from `--signal`, in any case, with or without SIG. */
export function signalOf(text: string): NodeJS.Signals {
  const name = text.toUpperCase()
  const full = name.startsWith('SIG') ? name : `SIG${name}`
  return asUsageError(() => parseSignal(full, '--signal'))
}

/** Reads pairs such as `TERM=QUIT`: SIGTERM is passed on as SIGQUIT. */
export function rewritesOf(given: readonly string[]): ReadonlyMap<NodeJS.Signals, NodeJS.Signals> {
  const forwarded = [...STOP_SIGNALS, ...OTHER_SIGNALS]
  const pairs = given.map((text) => {
    const [from = '', to = '', ...rest] = text.split('=')
    if (from === '' || to === '' || rest.length > 0) {
      throw usageError(`--signal ${text} is not a pair of signals: write --signal TERM=QUIT`)
    }
    const signal = signalOf(from)
    if (!forwarded.includes(signal)) {
      throw usageError(
        `--signal ${text}: ${signal} is not one of the signals that are passed on: ${forwarded.join(', ')}`,
      )
    }
    return [signal, signalOf(to)] as const
  })
  const rewrites = new Map(pairs)
  if (rewrites.size < pairs.length) {
    throw usageError(
      '--signal names a signal twice: each signal can be passed on as one other signal only',
    )
  }
  return rewrites
}
