/** What clients saw. */
export class Tally {
  requests = 0
  /** Each request that was not answered as it should be, with what came of it. */
  readonly failures: Failure[] = []
  /** The ids of the orders that were acknowledged. */
  readonly acknowledged = new Set<string>()
  /** The longest that one client had to wait from one good answer to the next, in milliseconds. */
  longestPause = 0
}

export interface Failure {
  /** By `performance.now()`. */
  readonly at: number
  readonly what: string
}
