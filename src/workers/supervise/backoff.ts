/** The delays between restarts, in milliseconds. */
export interface BackoffSettings {
  readonly initial: number
  readonly max: number
  readonly resetAfter: number
}

/** They double, and begin anew with one that was up for long enough: as docker's restarts do. */
export class Backoff {
  readonly #settings: BackoffSettings
  #delay = 0

  constructor(settings: BackoffSettings) {
    this.#settings = settings
  }

  /** How long to wait before the next start of what was up for so long. */
  next(uptime: number): number {
    const { initial, max, resetAfter } = this.#settings
    const isFirst = this.#delay === 0 || uptime >= resetAfter
    this.#delay = isFirst ? initial : Math.min(this.#delay * 2, max)
    return this.#delay
  }
}
