import { invalidOption } from './errors.ts'

/**
 * A length of time: a number of milliseconds, or a string such as `'10s'`, `'1.5s'`, `'250ms'`, `'2m'`. Any
 * string compiles, such as one from the environment. The shutdown refuses what is no duration when it reads it.
 */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | (string & {})

/** The longest time that a timer of Node can run. A longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Converts a duration to milliseconds.
 *
 * @param option the name of the option, for the error message
 * @param least the smallest duration that is accepted, in milliseconds
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export function parseDuration(value: unknown, option: string, least = 1): number {
  const milliseconds = typeof value === 'string' ? millisecondsIn(value) : value
  if (typeof milliseconds === 'number' && milliseconds >= least && milliseconds <= LONGEST_TIMER) {
    return milliseconds
  }
  const bound = least === 0 ? 'of 0 or more' : `of at least ${least} ms`
  throw invalidOption(
    option,
    `a duration ${bound} and at most ${LONGEST_TIMER} ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m'`,
    value,
    likelyFix(value),
  )
}

/** Formats milliseconds for people: `87 ms`, `1.24 s`, `2 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${Number((milliseconds / 1000).toFixed(2))} s`
  return `${Number((milliseconds / 60_000).toFixed(1))} min`
}

/**
 * The milliseconds that an environment variable names: a number of them, or a duration such as `30s`. NaN
 * for anything else.
 */
export function durationIn(variable: string): number {
  return /^\d+(\.\d+)?$/.test(variable) ? Number(variable) : millisecondsIn(variable)
}

const UNITS = { ms: 1, s: 1000, m: 60_000 } as const

function millisecondsIn(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text)
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : Number.NaN
}

function likelyFix(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value) ?? []
  if (amount === undefined) return undefined
  if (unit === '') return `Write ${amount} for milliseconds or '${amount}s' for seconds.`
  const known = {
    millis: 'ms',
    sec: 's',
    secs: 's',
    second: 's',
    seconds: 's',
    min: 'm',
    mins: 'm',
  }
  const meant = known[unit?.toLowerCase() as keyof typeof known] ?? unit?.toLowerCase()
  const fix = `${amount}${meant}`
  return meant !== undefined && meant in UNITS && fix !== value ? `Write '${fix}'.` : undefined
}
