import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { sharedState, sharedSymbol } from '../../runtime/shared-state.ts'
import { responseEndWatcher } from '../node/response-end.ts'
import { responseOf } from '../node/response-of-socket.ts'
import { socketBelowTls } from '../node/socket-below-tls.ts'
import { socketCloseWatcher } from '../node/socket-close.ts'
import { requestName } from '../request-names.ts'
import {
  type AnyHttpServer,
  type AnyRequest,
  type AnyResponse,
  isHttp1Request,
  isHttp2,
  speaksHttp2,
  speaksTls,
} from '../server.ts'
import type { ServerState } from '../server-state.ts'
import { oneSignalOf, provideSignals, type SignalSource } from '../signal-source.ts'
import { Handshakes } from './handshakes.ts'

/** So many bytes are taken at once, in the first round trip (RFC 6928). */
const SMALL = 14_600

/** After this time, in milliseconds, a client has read a response, or never will. */
const LONGEST_READ = 60_000

/** One connection of a client: only what a drain needs to know. */
export class Connection implements SignalSource {
  /** Requests that have begun and are not answered in full. */
  inFlight = 0
  /** The response to the newest request. */
  newest: ServerResponse | undefined
  /** The requests in flight before the newest one, if the client pipelines, and their responses. */
  earlier: Map<IncomingMessage, ServerResponse> | undefined
  /** Its last request, whose response says close. Set by the drain. */
  lastRequest: IncomingMessage | undefined
  /** Whether it has ever sent a request. */
  used = false
  /** It no longer speaks HTTP: a WebSocket, a tunnel. */
  upgraded = false
  /** Whether another hook, that of webSocketServer(), ends it once it is upgraded. */
  isHandedIn = false
  /** Abort controllers of the requests in flight whose handlers asked for a signal. */
  aborters: Map<IncomingMessage, AbortController> | undefined
  #bytesHandled = 0

  constructor(
    readonly socket: TrackedSocket,
    readonly state: ServerState,
    /** When it was opened, last sent a request or was last answered. */
    public activeAt: number,
  ) {
    socket[CONNECTION] = this
    provideSignals(socket, this)
  }

  signalOf(request: IncomingMessage): AbortSignal {
    return oneSignalOf(request, (controller) => {
      if (this.isInFlight(request) || this.upgraded) {
        this.aborters ??= new Map()
        this.aborters.set(request, controller)
      }
      const { abortReason } = this.state
      if (abortReason) controller.abort(abortReason)
    })
  }

  /** Whether a request has begun and is not answered in full. */
  isInFlight(request: IncomingMessage): boolean {
    return this.newest?.req === request || this.earlier?.has(request) === true
  }

  /** Whether a request has arrived only in part. */
  get isHalfSent(): boolean {
    return this.inFlight === 0 && this.socket.bytesRead > this.#bytesHandled
  }

  /** The responses in flight. */
  get responses(): ServerResponse[] {
    return [...(this.earlier?.values() ?? []), ...(this.newest ? [this.newest] : [])]
  }

  /** Whether its client may still be reading the last response. */
  mayBeRead(now: number): boolean {
    return this.socket.bytesWritten > SMALL && now - this.activeAt < LONGEST_READ
  }

  /** All bytes read so far belong to answered requests. */
  settle(): void {
    this.#bytesHandled = this.socket.bytesRead
  }
}

// Kept on the socket: every request looks up its connection.
const CONNECTION: unique symbol = sharedSymbol('connection') as never
export type TrackedSocket = Socket & { [CONNECTION]?: Connection | undefined }

/** The connection of a socket, if its server was passed in. */
export function connectionOf(socket: TrackedSocket | null): Connection | undefined {
  return socket?.[CONNECTION]
}

/** Notes that another hook, that of webSocketServer(), ends an upgraded connection. */
export function handIn(socket: TrackedSocket): void {
  const connection = connectionOf(socket)
  if (connection) connection.isHandedIn = true
  // The server may be passed in later.
  for (const one of [socket, socketBelowTls(socket)]) if (one) handedIn().add(one)
}

function isHandedIn(socket: Socket): boolean {
  return handedIn().has(socket)
}

function handedIn(): WeakSet<Socket> {
  return sharedState('handed-in sockets', () => new WeakSet<Socket>())
}

/** Receives what happens on the connections. The drain registers itself here while it runs. */
export interface Watcher {
  opened(connection: Connection): void
  requested(connection: Connection, response: ServerResponse): void
  /** All of its requests are answered, and have arrived in full. */
  silent(connection: Connection): void
  closed(connection: Connection): void
}

/** The HTTP/1 connections of a server. Every request passes here, so this does little. */
export class Connections {
  watcher: Watcher | undefined
  /** When a connection was last closed on our side whose client may still be reading. */
  lastClosedAt = Number.NEGATIVE_INFINITY
  readonly handshakes = new Handshakes()
  readonly open = new Set<Connection>()

  constructor(
    server: AnyHttpServer,
    readonly state: ServerState,
  ) {
    const opened = speaksTls(server) ? 'secureConnection' : 'connection'
    if (speaksTls(server)) {
      server.prependListener('connection', (socket) => {
        this.handshakes.begin(socket, state.clock.now())
      })
    }
    if (speaksHttp2(server)) {
      let expectsRequests = false
      server.prependListener(opened, (socket: Socket) => {
        if (isHttp2(socket)) return this.handshakes.end(socket)
        // Not earlier: the listener slows each HTTP/2 stream.
        if (!expectsRequests) listenAlongside(server, ['request'], this.count)
        expectsRequests = true
        this.#openSocket(socket)
      })
    } else {
      server.prependListener(opened, this.#openSocket)
      listenAlongside(server, ['request'], this.count)
    }
    listenAlongside(server, ['checkContinue', 'checkExpectation'], this.count)
    listenAlongside(server, ['upgrade', 'connect'], this.#upgrade)
  }

  /** Every socket, even during its TLS handshake. */
  sockets(): Socket[] {
    return [...this.open, ...this.handshakes].map(({ socket }) => socket)
  }

  /** Adds a connection opened before the server was passed in, and its request in flight. */
  adopt(socket: Socket): void {
    if (connectionOf(socket) || socket.destroyed) return
    const connection = this.#openSocket(socket)
    if (!connection) return
    connection.used = socket.bytesRead > 0
    const response = responseOf(socket)
    if (response) this.count(response.req, response)
  }

  /**
   * Adds the upgraded connections among these sockets: those that are not known yet.
   */
  adoptUpgraded(sockets: readonly Socket[]): void {
    const known = new Set(this.sockets().flatMap((socket) => [socket, socketBelowTls(socket)]))
    for (const socket of sockets) {
      if (known.has(socket)) continue
      const connection = this.#openSocket(socket)
      if (!connection) continue
      connection.upgraded = true
      connection.isHandedIn = isHandedIn(socket)
    }
  }

  /**
   * Counts a request once, even if the application passes it from one event to another. An HTTP/2
   * server emits the same events for its streams, which are not counted here.
   */
  readonly count = (request: AnyRequest, given: AnyResponse): void => {
    if (!isHttp1Request(request)) return
    const { socket } = request
    const response = given as ServerResponse
    const connection = connectionOf(socket) ?? this.#openSocket(socket)
    if (!connection || connection.newest === response) return
    // It was counted before a later request.
    if (!this.#watchEnd(response)) return
    const now = this.state.clock.now()
    if (connection.newest) {
      connection.earlier ??= new Map()
      connection.earlier.set(connection.newest.req, connection.newest)
    }
    connection.inFlight++
    connection.newest = response
    connection.activeAt = now
    if (!connection.used) {
      connection.used = true
      this.state.noteArrival(request, now)
    }
    this.watcher?.requested(connection, response)
  }

  abortSignals(): void {
    for (const { aborters } of this.open) {
      for (const controller of aborters?.values() ?? []) controller.abort(this.state.abortReason)
    }
  }

  readonly #openSocket = (socket: TrackedSocket): Connection | undefined => {
    // Pipelined requests are emitted even on a socket that a handler destroyed.
    if (socket.destroyed) return undefined
    this.handshakes.end(socket)
    const connection = new Connection(socket, this.state, this.state.clock.now())
    this.open.add(connection)
    this.#watchClose(socket)
    this.watcher?.opened(connection)
    return connection
  }

  readonly #upgrade = ({ socket }: IncomingMessage): void => {
    const connection = connectionOf(socket)
    if (connection) connection.upgraded = true
  }

  readonly #watchEnd = responseEndWatcher((response, socket) => {
    const connection = connectionOf(socket)
    if (!connection) return
    const { req: request } = response
    connection.aborters?.delete(request)
    connection.earlier?.delete(request)
    connection.inFlight--
    if (connection.inFlight > 0) return
    connection.newest = undefined
    connection.aborters = undefined
    connection.earlier = undefined
    if (request.complete) this.#fallSilent(connection)
    // Answered before all of the request had arrived: what still comes belongs to it.
    else request.once('end', () => this.#fallSilent(connection))
  })

  #fallSilent(connection: Connection): void {
    connection.activeAt = this.state.clock.now()
    this.watcher?.silent(connection)
  }

  readonly #watchClose = socketCloseWatcher((socket: TrackedSocket, error: unknown) => {
    const connection = connectionOf(socket)
    if (!connection) return
    socket[CONNECTION] = undefined
    this.open.delete(connection)
    if (connection.inFlight > 0 && hasClientLeft(socket, error)) this.#noteGone(connection)
    const now = this.state.clock.now()
    if (!socket.readableEnded && connection.mayBeRead(now)) this.lastClosedAt = now
    this.watcher?.closed(connection)
  })

  #noteGone({ responses }: Connection): void {
    for (const response of responses) {
      const { req: request, writableEnded } = response
      if (writableEnded || this.state.isProbe(request)) continue
      this.state.gone.add(requestName(request.method, request.url), response)
    }
  }
}

/** Whether a socket was closed by its client, not by a handler that gives up. */
function hasClientLeft(socket: Socket, error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return socket.readableEnded || NETWORK_ERRORS.includes(code as string)
}

const NETWORK_ERRORS = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'EHOSTUNREACH']

/**
 * Listens to events of a server only while the application does: Node treats a request differently
 * where these events have listeners. Listens ahead of the application, whose handler may answer at
 * once. Socket.IO removes all listeners when it is attached, and calls some of them itself.
 */
function listenAlongside(
  server: AnyHttpServer,
  events: readonly string[],
  listener: (...args: never[]) => void,
): void {
  const follow = (event: string | symbol) => {
    if (typeof event !== 'string' || !events.includes(event)) return
    const listeners = server.listeners(event)
    const isListening = listeners.includes(listener)
    if (!isListening && listeners.length > 0) server.prependListener(event, listener as () => void)
    if (isListening && listeners.length === 1) server.off(event, listener as () => void)
  }
  for (const event of events) follow(event)
  server.on('newListener', (event, added) => {
    // Emitted before it is added.
    if (added !== listener) queueMicrotask(() => follow(event))
  })
  server.on('removeListener', (event, removed) => {
    if (removed !== listener) follow(event)
    else queueMicrotask(() => follow(event))
  })
}
