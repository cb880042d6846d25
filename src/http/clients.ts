import { AbortError } from '../base/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import { sharedState } from '../runtime/shared-state.ts'
import { Connections } from './http1/connections.ts'
import { Sessions } from './http2/sessions.ts'
import type { AnyHttpServer } from './server.ts'
import { ServerState } from './server-state.ts'

/** The clients connected to a server, and the state of its shutdown. */
export class Clients {
  readonly state: ServerState
  readonly sessions: Sessions
  readonly connections: Connections
  /** The running end of listening, lame duck included. All hooks of one server share it. */
  unbinding: Promise<void> | undefined
  /** Resolves when a cluster's primary sends no more connections. */
  handedBack: Promise<void> | undefined
  /** The running drain, also shared. */
  draining: Promise<void> | undefined
  /** True from the shutdown on, until the listener and all its sockets are closed. */
  isOpen = false
  /** The port that the server listened on, with TCP. */
  port: number | undefined
  /** Undoes keepIdleConnections(), in force from the lame duck on. */
  undoKeepIdle: (() => void) | undefined
  readonly #onLameDuckEnd: (() => void)[] = []

  /** The clients of a server: the same object for each call with that server. */
  static of(server: AnyHttpServer, clock: Clock, isProbe?: ServerState['isProbe']): Clients {
    const { byServer } = allClients()
    const clients = byServer.get(server) ?? new Clients(server, clock, isProbe)
    byServer.set(server, clients)
    if (isProbe) clients.state.isProbe = isProbe
    // A server may be started again after it was drained.
    if (!clients.draining) clients.state.abortReason = undefined
    return clients
  }

  /** The clients of a server, if it was passed to `of()`. */
  static known(server: unknown): Clients | undefined {
    return allClients().byServer.get(server as object)
  }

  constructor(server: AnyHttpServer, clock: Clock, isProbe: ServerState['isProbe'] = () => false) {
    this.state = new ServerState(clock, isProbe)
    this.sessions = new Sessions(server, this.state)
    this.connections = new Connections(server, this.state)
  }

  /** Notes when the listener and all its sockets are closed, then calls back. */
  watchServer(server: AnyHttpServer, onClose?: () => void): void {
    if (server.listening) {
      this.isOpen = true
      const address = server.address()
      this.port = typeof address === 'object' ? address?.port : undefined
    }
    if (!this.isOpen) return
    server.once('close', () => {
      this.isOpen = false
      onClose?.()
    })
  }

  enterLameDuck(): void {
    if (!this.draining) allClients().inLameDuck.add(this)
  }

  /** Asks the handlers of requests in flight and of all later requests to finish. */
  abortSignals(): void {
    const message = 'The server is shutting down: the request should come to its end'
    this.state.abortReason = new AbortError(message, undefined)
    this.connections.abortSignals()
    this.sessions.abortSignals()
  }

  /** Called also if the limit ends the lame duck. */
  endLameDuck(): void {
    allClients().inLameDuck.delete(this)
    for (const listener of this.#onLameDuckEnd.splice(0)) listener()
  }

  /** Calls back when the running lame duck is over. */
  onLameDuckEnd(listener: () => void): void {
    this.#onLameDuckEnd.push(listener)
  }

  /** Waits for this server's lame duck or, if the server is unknown, for every running one. */
  static async lameDuckIsOver(server: unknown): Promise<void> {
    const known = Clients.known(server)
    const waited = [...allClients().inLameDuck].filter((clients) => !known || clients === known)
    await Promise.all(
      waited.map((clients) => new Promise<void>((resolve) => clients.onLameDuckEnd(resolve))),
    )
  }
}

// Another copy of the package may have been given the server. So its clients may be of that copy's class,
// with private fields that this one's static methods cannot read.
const allClients = () =>
  sharedState('clients', () => ({
    byServer: new WeakMap<object, Clients>(),
    inLameDuck: new Set<Clients>(),
  }))
