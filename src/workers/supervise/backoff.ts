import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../../base/errors.ts'

/** The delays before a program is started again: each is twice the one before, as with docker. */
export interface BackoffOptions {
  /** The first delay. Default 100 ms. */
  readonly initial?: Duration
  /** The longest delay. Default 1 min. */
  readonly max?: Duration
  /** A program that was up for this long starts with the first delay again. Default 10 s. */
  readonly resetAfter?: Duration
}

const INITIAL = '100ms'
const MAX = '1m'
const RESET_AFTER = '10s'
const FACTOR = 2

/** The same, in milliseconds. */
export type BackoffSettings = Readonly<Record<keyof BackoffOptions, number>>

export function parseBackoff(options: BackoffOptions, place: string): BackoffSettings {
  refuseUnknownOptions(options, OPTIONS, `{ initial: '${INITIAL}' }`, place)
  const { initial = INITIAL, max = MAX, resetAfter = RESET_AFTER } = options
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
  readonly #settings: BackoffSettings
  #delay = 0

  constructor(settings: BackoffSettings) {
    this.#settings = settings
  }

  /** The delay before the next start, in milliseconds, of a process that was up for so long. */
  next(uptime: number): number {
    const { initial, max, resetAfter } = this.#settings
    const isFirst = this.#delay === 0 || uptime >= resetAfter
    this.#delay = isFirst ? initial : Math.min(this.#delay * FACTOR, max)
    return this.#delay
  }
}
