import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../../base/errors.ts'

/** The delays before a program is started again: each is twice the one before, as with docker. */
export interface BackoffOptions {
  /** The first delay. Default 100 ms. */
  readonly initial?: Duration | undefined
  /** The longest delay. Default 1 min. */
  readonly max?: Duration | undefined
  /** A program that was up for this long starts with the first delay again. Default 10 s. */
  readonly resetAfter?: Duration | undefined
}

/** The same, in milliseconds. */
export type BackoffSettings = Readonly<Record<keyof BackoffOptions, number>>

export function parseBackoff(options: BackoffOptions, place: string): BackoffSettings {
  refuseUnknownOptions(options, OPTIONS, "{ initial: '100ms' }", place)
  const { initial = '100ms', max = '1m', resetAfter = '10s' } = options
  const settings = {
    initial: parseDuration(initial, `${place}.initial`),
    max: parseDuration(max, `${place}.max`),
    resetAfter: parseDuration(resetAfter, `${place}.resetAfter`, 0),
  }
  if (settings.initial <= settings.max) return settings
  throw invalidOption(`${place}.initial`, `at most its max of ${settings.max} ms`, initial)
}

const OPTIONS = optionNames<BackoffOptions>({ initial: true, max: true, resetAfter: true })

/** Computes the delay before each restart of one process. */
export class Backoff {
  #delay = 0

  constructor(private readonly settings: BackoffSettings) {}

  /** The delay before the next start, for a process that was up for `uptime` milliseconds. */
  next(uptime: number): number {
    const { initial, max, resetAfter } = this.settings
    const isFirst = this.#delay === 0 || uptime >= resetAfter
    this.#delay = isFirst ? initial : Math.min(this.#delay * 2, max)
    return this.#delay
  }
}
