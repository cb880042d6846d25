import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../runtime/clock.ts'
import type { Arrivals } from '../arrivals.ts'
import type { Sessions } from '../http2/sessions.ts'
import { requestAbortReason } from '../request-abort-reason.ts'
import {
  type AnyHttpServer,
  type AnyRequest,
  type AnyResponse,
  isHttp2,
  speaksHttp2,
  speaksTls,
} from '../server.ts'

/** One connection of a client, with no more than a drain will have to know of it. */
export class Connection {
  /** Requests that have begun and are not answered in full. */
  inFlight = 0
  /** The answer to the newest request. */
  newest: ServerResponse | undefined
  /** Whether it has ever sent a request. */
  used = false
  /** When it was opened, last sent a request or last had an answer. */
  activeAt: number
  /** It no longer speaks HTTP: a WebSocket, a tunnel. */
  upgraded = false
  /** The requests in flight whose handlers have asked to be told when to end. */
  ending: Map<IncomingMessage, AbortController> | undefined
  #bytesHandled = 0

  constructor(
    readonly socket: Socket,
    readonly of: Connections,
    now: number,
  ) {
    this.activeAt = now
  }

  /** Whether it has sent a part of a request, and the rest is still to come. */
  get isHalfSent(): boolean {
    return this.inFlight === 0 && this.socket.bytesRead > this.#bytesHandled
  }

  /** What has been read belongs to requests that are answered. */
  settle(): void {
    this.#bytesHandled = this.socket.bytesRead
  }
}

// On the socket itself: every request has to find its connection.
const CONNECTION = Symbol('connection')
type TrackedSocket = Socket & { [CONNECTION]?: Connection | undefined }

/** Whoever wants to know what happens on the connections: the drain, while it runs. */
export interface Watcher {
  opened(connection: Connection): void
  requested(connection: Connection, response: ServerResponse): void
  /** All of its requests are answered, and have come in full. */
  silent(connection: Connection): void
  closed(connection: Connection): void
}

/** The HTTP/1 connections of a server: every request passes here, so this does little. */
export class Connections {
  watcher: Watcher | undefined
  isEnding = false
  /** Those whose TLS handshake is not over, by their client's address, and since when. */
  readonly handshakes = new Map<string, { socket: Socket; since: number }>()
  readonly #open = new Set<Connection>()
  readonly #clock: Clock
  readonly #arrivals: Arrivals

  constructor(server: AnyHttpServer, clock: Clock, arrivals: Arrivals, sessions: Sessions) {
    this.#clock = clock
    this.#arrivals = arrivals
    const opened = speaksTls(server) ? 'secureConnection' : 'connection'
    if (speaksTls(server)) server.prependListener('connection', this.#shakeHands)
    if (!speaksHttp2(server)) {
      ;(server as Server).prependListener(opened, this.#openSocket)
      // Ahead of the application: a handler that answers at once must not have done so before.
      ;(server as Server).prependListener('request', this.count)
    } else {
      server.prependListener(opened, (socket: Socket) => {
        if (isHttp2(socket)) {
          this.#endHandshake(socket)
          sessions.expect(socket)
          return
        }
        expectRequests()
        this.#openSocket(socket)
      })
      // Not before there is somebody to send one: a second listener costs each stream, too.
      let expects = false
      const expectRequests = () => {
        if (!expects) alongside(server, ['request'], this.countHttp1)
        expects = true
      }
    }
    alongside(server, ['checkContinue', 'checkExpectation'], this.countHttp1)
    alongside(server, ['upgrade', 'connect'], this.#upgrade)
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#open.values()
  }

  get size(): number {
    return this.#open.size
  }

  find(socket: TrackedSocket): Connection | undefined {
    return socket[CONNECTION]
  }

  /** Every socket, those included whose handshake is not over. */
  sockets(): Socket[] {
    return [...this.#open, ...this.handshakes.values()].map(({ socket }) => socket)
  }

  /** Counts a connection in that was there before the server was handed in, with what it waits for. */
  adopt(socket: TrackedSocket & { _httpMessage?: ServerResponse | null }): void {
    if (socket[CONNECTION] || socket.destroyed) return
    const connection = this.#openSocket(socket)
    if (!connection) return
    connection.used = socket.bytesRead > 0
    const { _httpMessage: answer } = socket
    if (answer && !answer.writableFinished) this.count(answer.req, answer)
  }

  /** Counts a request in; once, though the application may hand it from one event to another. */
  readonly count = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket }: { socket: TrackedSocket } = request
    const connection = socket[CONNECTION] ?? this.#openSocket(socket)
    if (!connection || connection.newest === response) return
    // A later one may have been counted since.
    if (response.detachSocket === this.#answer) return
    const now = this.#clock.now()
    connection.inFlight++
    connection.newest = response
    connection.activeAt = now
    if (!connection.used) this.#arrive(connection, request, now)
    response.detachSocket = this.#answer
    this.watcher?.requested(connection, response)
  }

  /** The same, for events that a server with HTTP/2 emits for its streams as well. */
  readonly countHttp1 = (request: AnyRequest, response: AnyResponse): void => {
    if (request.httpVersionMajor !== 1) return
    this.count(request as IncomingMessage, response as ServerResponse)
  }

  /** Tells the requests in flight, those at least that asked for it. */
  askToEnd(): void {
    this.isEnding = true
    for (const { ending } of this.#open) {
      for (const controller of ending?.values() ?? []) controller.abort(requestAbortReason())
    }
  }

  readonly #openSocket = (socket: TrackedSocket): Connection | undefined => {
    // The rest of a pipeline is emitted though a handler has destroyed the socket.
    if (socket.destroyed) return undefined
    this.#endHandshake(socket)
    const connection = new Connection(socket, this, this.#clock.now())
    socket[CONNECTION] = connection
    this.#open.add(connection)
    // Not a listener for `close`: beside those that Node adds and takes away for each request, it
    // would make the list of them grow to 19 places, which is 200 bytes for every connection.
    if (Object.hasOwn(socket, '_destroy')) socket.once('close', this.#close)
    else socket._destroy = this.#destroy
    this.watcher?.opened(connection)
    return connection
  }

  readonly #shakeHands = (socket: Socket): void => {
    const address = addressOf(socket)
    this.handshakes.set(address, { socket, since: this.#clock.now() })
    socket.on('close', () => {
      if (this.handshakes.get(address)?.socket === socket) this.handshakes.delete(address)
    })
  }

  isShakingHands(socket: Socket): boolean {
    return this.handshakes.get(addressOf(socket))?.socket === socket
  }

  #endHandshake(socket: Socket): void {
    // Its address is looked up only where there is TLS: Node keeps it from then on.
    if (this.handshakes.size > 0) this.handshakes.delete(addressOf(socket))
  }

  #arrive(connection: Connection, request: IncomingMessage, now: number): void {
    connection.used = true
    this.#arrivals.note(request, now)
  }

  readonly #upgrade = ({ socket }: { socket: TrackedSocket }): void => {
    const connection = socket[CONNECTION]
    if (connection) connection.upgraded = true
  }

  // Node lets go of the socket when an answer is through. A listener for `close` would cost each
  // request twice as much, and a closure three times.
  readonly #answer = ((connections: Connections) =>
    function (this: ServerResponse, socket: TrackedSocket): void {
      const { detachSocket } = Object.getPrototypeOf(this) as ServerResponse
      detachSocket.call(this, socket)
      const { req: request } = this
      const connection = socket[CONNECTION]
      if (!connection) return
      connection.inFlight--
      if (connection.inFlight > 0) return
      connection.newest = undefined
      connection.ending = undefined
      if (request.complete) connections.#fallSilent(connection)
      // Answered before all of it had come: what comes still belongs to it.
      else request.once('end', () => connections.#fallSilent(connection))
    })(this)

  #fallSilent(connection: Connection): void {
    connection.activeAt = this.#clock.now()
    this.watcher?.silent(connection)
  }

  readonly #destroy = ((connections: Connections) =>
    function (this: TrackedSocket, ...given: Parameters<Socket['_destroy']>): void {
      const { _destroy } = Object.getPrototypeOf(this) as Socket
      _destroy.apply(this, given)
      connections.#close.call(this)
    })(this)

  readonly #close = ((connections: Connections) =>
    function (this: TrackedSocket): void {
      const connection = this[CONNECTION]
      if (!connection) return
      this[CONNECTION] = undefined
      connections.#open.delete(connection)
      connections.watcher?.closed(connection)
    })(this)
}

/** What is known of a request, if its server has been handed in. */
export function findConnection(
  request: IncomingMessage,
): { connection: Connection; isEnding: boolean } | undefined {
  const connection = (request.socket as TrackedSocket | null)?.[CONNECTION]
  return connection && { connection, isEnding: connection.of.isEnding }
}

/** Tells a connection from the others, above TLS as below it. */
function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/**
 * Listens to these events as long as somebody else does. Node asks whether anybody listens to them,
 * and treats the request otherwise if so: on our own account we must not.
 */
function alongside(
  server: AnyHttpServer,
  events: readonly string[],
  listener: (...args: never[]) => void,
): void {
  const follow = (event: string | symbol) => {
    if (typeof event !== 'string' || !events.includes(event)) return
    const listeners = server.listeners(event)
    const ours = listeners.includes(listener)
    if (!ours && listeners.length > 0) server.prependListener(event, listener as () => void)
    if (ours && listeners.length === 1) server.off(event, listener as () => void)
  }
  for (const event of events) follow(event)
  server.on('newListener', (event, added) => {
    // Told before it is added.
    if (added !== listener) queueMicrotask(() => follow(event))
  })
  server.on('removeListener', (event, removed) => {
    if (removed !== listener) follow(event)
  })
}
