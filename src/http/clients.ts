import type { Clock } from '../runtime/clock.ts'
import { Arrivals } from './arrivals.ts'
import { Connections } from './http1/connections.ts'
import { Sessions } from './http2/sessions.ts'
import type { AnyHttpServer } from './server.ts'

/** The clients that are connected to a server, and how far its shutdown has come. */
export class Clients {
  readonly arrivals: Arrivals
  readonly sessions: Sessions
  readonly connections: Connections
  /** The drain that is under way: a server is drained once, however many hooks ask for it. */
  draining: Promise<void> | undefined
  /** Undoes keepIdleConnections(), which holds while the server is drained. */
  undoKeepIdle: (() => void) | undefined
  static readonly #inLameDuck = new Set<Clients>()
  readonly #onLameDuckEnd = new Set<() => void>()

  /** Those of this server: the same as before where it has been handed in already. */
  static of(server: AnyHttpServer, clock: Clock, isProbe?: IsProbe): Clients {
    const known = CLIENTS.get(server)
    if (known && !known.draining) known.#startAgain()
    if (known && isProbe) known.arrivals.isProbe = isProbe
    const clients = known ?? new Clients(server, clock, isProbe ?? (() => false))
    CLIENTS.set(server, clients)
    return clients
  }

  /** Those of a server that may have been handed in. */
  static known(server: unknown): Clients | undefined {
    return CLIENTS.get(server as object)
  }

  constructor(server: AnyHttpServer, clock: Clock, isProbe: IsProbe) {
    this.arrivals = new Arrivals(isProbe)
    this.sessions = new Sessions(server, clock, this.arrivals)
    this.connections = new Connections(server, clock, this.arrivals)
  }

  /** A server may be started again after it was drained. */
  #startAgain(): void {
    this.connections.hasAbortedSignals = false
    this.sessions.hasAbortedSignals = false
  }

  get size(): number {
    return this.connections.size + this.sessions.size
  }

  enterLameDuck(): void {
    if (!this.draining) Clients.#inLameDuck.add(this)
  }

  /** Asks the handlers of requests in flight to come to an end, and those of all later ones. */
  abortSignals(): void {
    this.connections.abortSignals()
    this.sessions.abortSignals()
  }

  /** Also where the limit came during the lame duck. */
  endLameDuck(): void {
    Clients.#inLameDuck.delete(this)
    for (const listener of this.#onLameDuckEnd) listener()
    this.#onLameDuckEnd.clear()
  }

  /**
   * Waits for the lame duck of this server; for those of all servers where it was not passed in, or is
   * unknown. Without one under way there is nothing to wait for.
   */
  static async lameDuckIsOver(server: unknown): Promise<void> {
    const known = Clients.known(server)
    const waited = [...Clients.#inLameDuck].filter((clients) => !known || clients === known)
    await Promise.all(
      waited.map((clients) => new Promise<void>((resolve) => clients.#onLameDuckEnd.add(resolve))),
    )
  }
}

type IsProbe = (request: object) => boolean

const CLIENTS = new WeakMap<object, Clients>()
