import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'

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
  #bytesHandled = 0

  constructor(
    readonly socket: Socket,
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

/** The connections of a server, from when it is handed in: every request passes here, so this does little. */
export class Connections {
  watcher: Watcher | undefined
  /** The drain that is under way: a server is drained once, whoever asks for it. */
  draining: Promise<void> | undefined
  /** When a connection last sent its first request, probes left out. */
  lastArrival = Number.NEGATIVE_INFINITY
  /** Those whose TLS handshake is not over, by their client's address, and since when. */
  readonly handshakes = new Map<string, { socket: Socket; since: number }>()
  readonly #open = new Set<Connection>()
  readonly #clock: Clock
  #isProbe: (request: IncomingMessage) => boolean

  /** Those of this server: the same as before where it has been handed in already. */
  static of(
    server: Server,
    clock: Clock,
    isProbe: (request: IncomingMessage) => boolean,
  ): Connections {
    const known = CONNECTIONS.get(server)
    if (known) known.#isProbe = isProbe
    const connections = known ?? new Connections(server, clock, isProbe)
    CONNECTIONS.set(server, connections)
    return connections
  }

  constructor(server: Server, clock: Clock, isProbe: (request: IncomingMessage) => boolean) {
    this.#clock = clock
    this.#isProbe = isProbe
    if (isSecure(server)) {
      server.prependListener('connection', this.#shakeHands)
      server.prependListener('secureConnection', this.#openSocket)
    } else {
      server.prependListener('connection', this.#openSocket)
    }
    // Ahead of the application: a handler that answers at once must not have done so before.
    server.prependListener('request', this.count)
    alongside(server, ['checkContinue', 'checkExpectation'], this.count)
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

  /** Counts a request in; once, though the application may hand it from one event to another. */
  readonly count = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket }: { socket: TrackedSocket } = request
    const connection = socket[CONNECTION] ?? this.#openSocket(socket)
    if (connection.newest === response) return
    // Only in a drain may a later one have been counted since.
    if (this.watcher && response.listenerCount('close', this.#answer) > 0) return
    const now = this.#clock.now()
    connection.inFlight++
    connection.newest = response
    connection.activeAt = now
    if (!connection.used) this.#arrive(connection, request, now)
    response.on('close', this.#answer)
    this.watcher?.requested(connection, response)
  }

  readonly #openSocket = (socket: TrackedSocket): Connection => {
    this.handshakes.delete(addressOf(socket))
    const connection = new Connection(socket, this.#clock.now())
    socket[CONNECTION] = connection
    this.#open.add(connection)
    socket.on('close', this.#close)
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

  #arrive(connection: Connection, request: IncomingMessage, now: number): void {
    connection.used = true
    // The handler, which comes after this, knows whether it is a probe.
    queueMicrotask(() => {
      if (!this.#isProbe(request)) this.lastArrival = now
    })
  }

  readonly #upgrade = ({ socket }: { socket: TrackedSocket }): void => {
    const connection = socket[CONNECTION]
    if (connection) connection.upgraded = true
  }

  // One listener for all, which finds its emitter in `this`: a closure for each would cost every request.
  readonly #answer = ((connections: Connections) =>
    function (this: ServerResponse): void {
      const { req: request } = this
      const connection = (request.socket as TrackedSocket)[CONNECTION]
      if (!connection) return
      connection.inFlight--
      if (connection.inFlight > 0) return
      connection.newest = undefined
      if (request.complete) connections.#fallSilent(connection)
      // Answered before all of it had come: what comes still belongs to it.
      else request.once('end', () => connections.#fallSilent(connection))
    })(this)

  #fallSilent(connection: Connection): void {
    connection.activeAt = this.#clock.now()
    this.watcher?.silent(connection)
  }

  readonly #close = ((connections: Connections) =>
    function (this: TrackedSocket): void {
      const connection = this[CONNECTION]
      if (!connection) return
      this[CONNECTION] = undefined
      connections.#open.delete(connection)
      connections.watcher?.closed(connection)
    })(this)
}

const CONNECTIONS = new WeakMap<Server, Connections>()

/** Whether the server speaks TLS; told without loading node:tls. */
function isSecure(server: Server): boolean {
  return typeof (server as { setSecureContext?: unknown }).setSecureContext === 'function'
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
  server: Server,
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
