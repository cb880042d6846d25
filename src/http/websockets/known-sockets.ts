import type { IncomingMessage } from 'node:http'
import { formatDuration } from '../../base/duration.ts'
import type { Clock } from '../../runtime/clock.ts'
import { sharedState } from '../../runtime/shared-state.ts'
import { clientName, requestName } from '../request-names.ts'

/** The part of a `ws` WebSocket that `webSocketServer()` needs. */
export interface WebSocketLike {
  close(code: number, reason: string): void
  terminate(): void
  once(event: 'close', listener: (code: number) => void): unknown
}

/** The part of `ws`'s `WebSocketServer` that `webSocketServer()` needs. */
export interface WebSocketServerLike {
  readonly clients: Iterable<WebSocketLike>
  readonly options?: { readonly port?: number | undefined; readonly server?: unknown }
  on(
    event: 'connection',
    listener: (socket: WebSocketLike, request: IncomingMessage) => void,
  ): unknown
  close(): void
}

/**
 * Knows every WebSocket of a `WebSocketServer`. There is one instance per server, however often that
 * is passed to `webSocketServer()`: development servers and tests restart the same server.
 */
export class KnownSockets {
  /** The HTTP server below. With `noServer` it is unknown until the first WebSocket is opened. */
  httpServer: unknown
  /** The requests that opened the WebSockets, for the report. */
  readonly #origins = new WeakMap<WebSocketLike, { name: string; since: number; client: string }>()
  readonly #openListeners = new Set<(socket: WebSocketLike) => void>()

  static of(sockets: WebSocketServerLike, clock: Clock): KnownSockets {
    const byServer = sharedState(
      'web-sockets',
      () => new WeakMap<WebSocketServerLike, KnownSockets>(),
    )
    const known = byServer.get(sockets) ?? new KnownSockets(sockets, clock)
    byServer.set(sockets, known)
    known.reset(sockets)
    return known
  }

  private constructor(
    sockets: WebSocketServerLike,
    readonly clock: Clock,
  ) {
    sockets.on('connection', (socket, { socket: connection, method, url }) => {
      this.httpServer ??= (connection as { server?: object }).server
      this.#origins.set(socket, {
        name: requestName(method, url),
        since: clock.now(),
        // Read now: a connection that is lost has no address any more.
        client: clientName(connection),
      })
      for (const listener of this.#openListeners) listener(socket)
    })
  }

  /** The server may have been shut down, and now use another HTTP server. */
  reset({ options }: WebSocketServerLike): void {
    this.#openListeners.clear()
    this.httpServer = options?.server
  }

  /** Calls back for each WebSocket that is opened, until the server is passed in again. */
  onOpen(listener: (socket: WebSocketLike) => void): void {
    this.#openListeners.add(listener)
  }

  /** Such as `WebSocket GET /chat, 30 s old, from 10.0.0.7`. */
  describe(socket: WebSocketLike): string {
    const origin = this.#origins.get(socket)
    if (!origin) return 'a WebSocket'
    const age = formatDuration(this.clock.now() - origin.since)
    return `WebSocket ${origin.name}, ${age} old${origin.client}`
  }
}
