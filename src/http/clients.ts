import type { Clock } from '../runtime/clock.ts'
import { Arrivals } from './arrivals.ts'
import { Connections } from './http1/connections.ts'
import { Sessions } from './http2/sessions.ts'
import type { AnyHttpServer } from './server.ts'

/** Everybody who is connected to a server, from when it is handed in, and how far its end has come. */
export class Clients {
  readonly arrivals: Arrivals
  readonly sessions: Sessions
  readonly connections: Connections
  /** The drain that is under way: a server is drained once, whoever asks for it. */
  draining: Promise<void> | undefined
  /** Lets everybody close idle connections again; held while the server is drained. */
  letClose: (() => void) | undefined
  static readonly #inLameDuck = new Set<Clients>()
  readonly #waiting = new Set<() => void>()

  /** Those of this server: the same as before where it has been handed in already. */
  static of(server: AnyHttpServer, clock: Clock, isProbe?: IsProbe): Clients {
    const known = CLIENTS.get(server)
    if (known && !known.draining) known.#begin()
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
    this.connections = new Connections(server, clock, this.arrivals, this.sessions)
  }

  /** It may have been drained before, and be started again. */
  #begin(): void {
    this.connections.isEnding = false
    this.sessions.isEnding = false
  }

  get size(): number {
    return this.connections.size + this.sessions.size
  }

  enterLameDuck(): void {
    if (this.draining) return
    Clients.#inLameDuck.add(this)
  }

  /** From here on nobody new is served, and everybody is asked to come to an end. */
  leave(): void {
    this.connections.askToEnd()
    this.sessions.askToEnd()
  }

  /** Also where the limit came in it. */
  endLameDuck(): void {
    Clients.#inLameDuck.delete(this)
    for (const proceed of this.#waiting) proceed()
    this.#waiting.clear()
  }

  /**
   * Waits for the lame duck of this server; for those of all servers where it was not passed in, or is
   * unknown. Without one under way there is nothing to wait for.
   */
  static async lameDuckIsOver(server: unknown): Promise<void> {
    const known = Clients.known(server)
    const waited = [...Clients.#inLameDuck].filter((clients) => !known || clients === known)
    await Promise.all(
      waited.map((clients) => new Promise<void>((resolve) => clients.#waiting.add(resolve))),
    )
  }
}

type IsProbe = (request: object) => boolean

const CLIENTS = new WeakMap<object, Clients>()
