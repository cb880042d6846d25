import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { formatDuration } from '../../base/duration.ts'
import type { Clock } from '../../runtime/clock.ts'
import { sharedState } from '../../runtime/shared-state.ts'
import { handIn } from '../http1/connections.ts'
import { bytesInWrite } from '../node/bytes-in-write.ts'
import { clientName, requestName } from '../request-names.ts'

/** The part of a `ws` WebSocket that `webSocketServer()` needs. */
export interface WebSocketLike {
  close(code: number, reason: string): void
  terminate(): void
  once(event: 'close', listener: (code: number) => void): unknown
  /** Whether the application reads nothing from it for now. */
  readonly isPaused?: boolean | undefined
  /** The bytes that it has not sent yet. */
  readonly bufferedAmount?: number | undefined
}

/** The part of `ws`'s `WebSocketServer` that `webSocketServer()` needs. */
export interface WebSocketServerLike<Socket extends WebSocketLike = WebSocketLike> {
  readonly clients: Iterable<Socket>
  readonly options?: { readonly port?: number | undefined; readonly server?: unknown } | undefined
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
  /** For how many milliseconds WebSockets that have closed are remembered. */
  rememberClosedFor = 0
  readonly #closed: ClosedSocket[] = []
  /** The requests that opened the WebSockets, for the report. */
  readonly #origins = new WeakMap<WebSocketLike, Origin>()
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
      handIn(connection)
      this.#origins.set(socket, {
        name: requestName(method, url),
        since: clock.now(),
        // Read now: a connection that is lost has no address any more.
        client: clientName(connection),
        connection,
      })
      if (this.rememberClosedFor > 0) socket.once('close', () => this.#remember(socket))
      for (const listener of this.#openListeners) listener(socket)
    })
  }

  /** The server may have been shut down, and now use another HTTP server. */
  reset({ options }: WebSocketServerLike): void {
    this.#openListeners.clear()
    this.httpServer = options?.server
    this.rememberClosedFor = 0
  }

  /** Calls back for each WebSocket that is opened, until the server is passed in again. */
  onOpen(listener: (socket: WebSocketLike) => void): void {
    this.#openListeners.add(listener)
  }

  /** Those that have closed lately and are still in memory, oldest first. */
  closedLately(): { readonly socket: WebSocketLike; readonly at: number }[] {
    this.#forgetOld()
    return this.#closed.flatMap(({ ref, at }) => {
      const socket = ref.deref()
      return socket ? { socket, at } : []
    })
  }

  /** Such as `WebSocket GET /chat, busy, 30 s old, from 10.0.0.7`. */
  describe(socket: WebSocketLike, ...states: readonly string[]): string {
    const origin = this.#origins.get(socket)
    if (!origin) return ['a WebSocket', ...states].join(', ')
    const age = `${formatDuration(this.clock.now() - origin.since)} old`
    return `${[`WebSocket ${origin.name}`, ...states, age].join(', ')}${origin.client}`
  }

  /** What is unsent. One of the numbers becomes less while the client reads. */
  unsent(socket: WebSocketLike): Unsent {
    const connection = this.#origins.get(socket)?.connection
    const inWrite = connection ? bytesInWrite(connection) : 0
    return { buffered: socket.bufferedAmount ?? 0, inWrite }
  }

  #remember(socket: WebSocketLike): void {
    this.#forgetOld()
    this.#closed.push({ ref: new WeakRef(socket), at: this.clock.now() })
  }

  #forgetOld(): void {
    const since = this.clock.now() - this.rememberClosedFor
    const firstKept = this.#closed.findIndex(({ at }) => at > since)
    this.#closed.splice(0, firstKept < 0 ? this.#closed.length : firstKept)
  }
}

interface Origin {
  readonly name: string
  readonly since: number
  readonly client: string
  readonly connection: Socket
}

/** Bytes. */
export interface Unsent {
  readonly buffered: number
  readonly inWrite: number
}

/** Held weakly: the server may live on for years. */
interface ClosedSocket {
  readonly ref: WeakRef<WebSocketLike>
  readonly at: number
}
