import type { Clock } from '../../runtime/clock.ts'
import { DueQueue } from '../due-queue.ts'
import type { Connection } from './connections.ts'

/** How many lingers a connection may be silent while its client speaks on others. */
const KEPT_LINGERS = 4

/** How many of the last used connections are searched for one of the same client. */
const LAST_USED = 100

/**
 * Decides when a silent connection is closed: after the linger, counted from its own last activity.
 *
 * A proxy that speaks on one connection may send its next request on another. So a connection is kept
 * while its client, known by its address, speaks on others, for up to four lingers of silence on
 * this one. Pools reuse the connection used last, so that one is kept even longer.
 */
export class SilentConnections {
  readonly #silent: DueQueue<Connection>
  /** Silent connections whose client speaks on others. */
  readonly #kept: DueQueue<Connection>
  /** In order of last use; some are no longer silent. */
  readonly #byUse: Connection[] = []
  /** When a client last spoke on any of its connections, by its address. */
  readonly #spokeAt = new Map<string, number>()

  constructor(
    readonly linger: number,
    clock: Clock,
    /** Called with a connection, and how long it has been silent, in milliseconds. */
    readonly close: (connection: Connection, silence: number) => void,
  ) {
    this.#silent = new DueQueue(linger, clock, this.#check)
    this.#kept = new DueQueue(linger * KEPT_LINGERS, clock, this.#check)
  }

  add(connection: Connection): void {
    this.#silent.add(connection, connection.activeAt)
    this.#byUse.push(connection)
  }

  delete(connection: Connection): void {
    this.#silent.delete(connection)
    this.#kept.delete(connection)
  }

  clear(): void {
    this.#silent.clear()
    this.#kept.clear()
  }

  noteSpoke(connection: Connection): void {
    this.#spokeAt.set(addressOf(connection), connection.activeAt)
  }

  readonly #check = (connection: Connection, asOf: number): void => {
    // The rest of a request that has arrived in part will arrive, or the limit will come.
    const isUnfinished = connection.isHalfSent && !connection.socket.writableEnded
    if (connection.inFlight > 0 || connection.upgraded || isUnfinished) return
    const silence = asOf - connection.activeAt
    const spokeAt = this.#spokeAt.get(addressOf(connection)) ?? Number.NEGATIVE_INFINITY
    const isRecent = silence < KEPT_LINGERS * this.linger
    if (asOf - spokeAt < this.linger && (isRecent || this.#isNext(connection))) {
      this.#silent.add(connection, spokeAt)
      // Added once: the queue is in the order in which they fell silent.
      if (isRecent && !this.#kept.has(connection)) this.#kept.add(connection, connection.activeAt)
      return
    }
    this.delete(connection)
    this.close(connection, silence)
  }

  /** Whether it is its client's most recently used silent connection. */
  #isNext(connection: Connection): boolean {
    const byUse = this.#byUse
    const mayBeUsed = (other: Connection) => other === connection || this.#silent.has(other)
    for (let last = byUse.at(-1); last && !mayBeUsed(last); last = byUse.at(-1)) byUse.pop()
    const address = addressOf(connection)
    const next = byUse
      .slice(-LAST_USED)
      .findLast((other) => mayBeUsed(other) && addressOf(other) === address)
    return next === connection
  }
}

/** The clients behind a UNIX socket count as one: the proxy beside the server. */
function addressOf({ socket }: Connection): string {
  return socket.remoteAddress ?? ''
}
