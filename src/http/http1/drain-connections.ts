import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { formatDuration } from '../../base/duration.ts'
import { firstTen, plural } from '../../base/summarize.ts'
import { clientName, type DrainContext, type DrainPart, requestName } from '../drain-part.ts'
import { DueQueue } from '../due-queue.ts'
import type { Interceptor } from '../node/intercept.ts'
import { refuse, refuseUpgrade } from '../refusal.ts'
import { type AnyHttpServer, speaksTls } from '../server.ts'
import type { Connection, Connections, Watcher } from './connections.ts'
import { sayCloseIf } from './last-answer.ts'

/** How many times the linger a TLS handshake may take: it goes back and forth more than once. */
const HANDSHAKE = 4

/**
 * How many times the linger a connection has been silent that is closed at once in both directions,
 * which is half of the work: nothing that it might erase can still be on its way to the client.
 */
const LONG_SILENCE = 2

/**
 * How many times the linger a connection may itself be silent, and still be kept because its client
 * speaks on others. Pools take what was used last: this one is not used before those others.
 */
const KEPT = 4

/** Of so many connections it is asked who has them: of all, it would block the loop. */
const ENOUGH = 100

/**
 * Ends the HTTP/1 connections of a server: each is told with its last answer to come no more, or
 * closed once it has been silent.
 */
export class ConnectionsDrain implements DrainPart, Watcher {
  readonly interceptors: Readonly<Record<string, Interceptor>>
  readonly #server: AnyHttpServer
  readonly #connections: Connections
  readonly #farewell: DrainContext
  /** Nothing has come from them for a while, counted from their own last activity. */
  readonly #silent: DueQueue<Connection>
  /** Those of them that are kept because their client speaks on others. */
  readonly #kept: DueQueue<Connection>
  /** In the order in which they were used last; some are no longer silent. */
  readonly #byUse: Connection[] = []
  /** We have closed our side, and wait for them to close theirs. */
  readonly #leaving: DueQueue<Connection>
  readonly #handshakes: DueQueue<Socket>
  readonly #told = new WeakSet<Connection>()
  readonly #refused = new WeakSet<ServerResponse>()
  /** When a client was last heard of on any of its connections, by its address. */
  readonly #heardAt = new Map<string, number>()
  readonly #counts = { connections: 0, told: 0, silent: 0, crossed: 0, refused: 0 }

  constructor(server: AnyHttpServer, connections: Connections, farewell: DrainContext) {
    const { linger, clock } = farewell
    this.#server = server
    this.#connections = connections
    this.#farewell = farewell
    const endSilence = (connection: Connection, asOf: number) => this.#endSilence(connection, asOf)
    this.#silent = new DueQueue(linger, clock, endSilence)
    this.#kept = new DueQueue(linger * KEPT, clock, endSilence)
    this.#leaving = new DueQueue(linger, clock, ({ socket }) => socket.destroy())
    this.#handshakes = new DueQueue(linger * HANDSHAKE, clock, (socket) => {
      if (connections.isShakingHands(socket)) socket.destroy()
    })
    const requests: Interceptor = (pass, request: IncomingMessage, response: ServerResponse) => {
      if (!isHttp1(request)) return pass()
      this.#admit(pass, request, response)
      return true
    }
    const upgrades: Interceptor = (pass, request: IncomingMessage) => {
      if (!isHttp1(request)) return pass()
      this.#counts.refused++
      refuseUpgrade(request.socket)
      const connection = connections.find(request.socket)
      if (connection) this.#awaitEnd(connection)
      return true
    }
    this.interceptors = {
      request: requests,
      checkContinue: requests,
      checkExpectation: requests,
      upgrade: upgrades,
      connect: upgrades,
    }
  }

  begin(): void {
    const connections = this.#connections
    for (const socket of socketsOf(this.#server, 'closeAllConnections')) connections.adopt(socket)
    connections.watcher = this
    const idle = socketsOf(this.#server, 'closeIdleConnections')
    for (const connection of connections) {
      if (connection.used && idle.has(connection.socket)) connection.settle()
    }
    const inOrder = [...connections].sort((a, b) => a.activeAt - b.activeAt)
    for (const connection of inOrder.slice(-ENOUGH)) this.#hear(connection)
    for (const connection of inOrder) this.opened(connection)
    for (const { socket, since } of connections.handshakes.values()) {
      this.#handshakes.add(socket, since)
    }
  }

  stop(): void {
    this.#silent.clear()
    this.#kept.clear()
    this.#leaving.clear()
    this.#handshakes.clear()
    this.#connections.watcher = undefined
  }

  opened(connection: Connection): void {
    if (connection.upgraded) return
    this.#counts.connections++
    if (connection.newest) this.#tell(connection, connection.newest)
    if (connection.inFlight === 0) this.#wait(connection)
  }

  requested(connection: Connection, response: ServerResponse): void {
    this.#endWait(connection)
    this.#hear(connection)
    this.#tell(connection, response)
  }

  silent(connection: Connection): void {
    connection.settle()
    this.#hear(connection)
    if (!this.#told.has(connection)) this.#wait(connection)
  }

  closed(connection: Connection): void {
    this.#endWait(connection)
    this.#leaving.delete(connection)
    this.#farewell.onLeft()
  }

  whatWasDone(): string[] {
    const { connections, told, silent, crossed, refused } = this.#counts
    if (connections === 0) return []
    return [
      `${plural(connections, 'connection')}: ${told} told with their last answer, ${silent} closed in silence`,
      ...(crossed > 0
        ? [`${plural(crossed, 'request')} crossed the closing of a connection, unread`]
        : []),
      ...(refused > 0 ? [`${plural(refused, 'late request')} refused with 503`] : []),
    ]
  }

  whatIsLeft(): string[] {
    const { clock } = this.#farewell
    const all = [...this.#connections]
    const requests = all.flatMap(({ newest, inFlight, activeAt, socket }) => {
      if (!newest) return []
      const { method, url } = newest.req
      const more = inFlight > 1 ? ` and ${inFlight - 1} before it` : ''
      return `${requestName(method, url)}, ${formatDuration(clock.now() - activeAt)} old${more}${clientName(socket)}`
    })
    const upgraded = all.filter((connection) => connection.upgraded).length
    const halfSent = all.filter((connection) => connection.isHalfSent && !connection.upgraded)
    return [
      ...firstTen(requests, 'request'),
      ...(upgraded > 0 ? [`${plural(upgraded, 'upgraded connection')}`] : []),
      ...(halfSent.length > 0
        ? [`${plural(halfSent.length, 'request')} of which only a part had come`]
        : []),
    ]
  }

  /**
   * Hands a request to its handler once everything that was read with it has been parsed. Otherwise
   * a handler that answers at once would do so before the next request of a pipeline is known, and
   * only the last of them may say close.
   */
  #admit(pass: () => boolean, request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.find(request.socket)
    // Whoever has been told must not be worked on again (RFC 9112, 9.6).
    if (connection && this.#told.has(connection)) {
      this.#counts.crossed++
      return
    }
    this.#connections.count(request, response)
    // Microtasks run when the parser is through with all that was read.
    queueMicrotask(() => {
      if (this.#farewell.isTooLate()) {
        this.#counts.refused++
        this.#refused.add(response)
        refuse(response)
      } else pass()
    })
  }

  #tell(connection: Connection, response: ServerResponse): void {
    sayCloseIf(
      response,
      () => connection.newest === response && (isSent(response.req) || this.#refused.has(response)),
      () => this.#haveLeave(connection),
    )
  }

  /** Has a connection that is told be closed by us when its answer is written, and not by Node. */
  #haveLeave(connection: Connection): void {
    this.#counts.told++
    this.#told.add(connection)
    // Node would close it at once in both directions: whatever crossed the answer would be met with
    // a reset, and that can erase an answer that the client has not read yet (RFC 9112, 9.6).
    connection.socket.destroySoon = () => this.#leave(connection)
  }

  #endSilence(connection: Connection, asOf: number): void {
    // The rest of a request that has come in half will come, or the limit will.
    if (connection.inFlight > 0 || connection.upgraded || connection.isHalfSent) return
    const { linger } = this.#farewell
    const silence = asOf - connection.activeAt
    const heardAt = this.#heardAt.get(addressOf(connection)) ?? Number.NEGATIVE_INFINITY
    const isRecent = silence < KEPT * linger
    if (asOf - heardAt < linger && (isRecent || this.#isNext(connection))) {
      this.#silent.add(connection, heardAt)
      // Once, for they stand there in the order in which they fell silent.
      if (isRecent && !this.#kept.has(connection)) this.#kept.add(connection, connection.activeAt)
      return
    }
    this.#endWait(connection)
    this.#counts.silent++
    // TLS has a goodbye of its own, which only a half-close sends.
    if (silence > LONG_SILENCE * linger && !speaksTls(this.#server)) connection.socket.destroy()
    else this.#leave(connection)
  }

  /** Whether its client has none that was used later, and that it would rather use next. */
  #isNext(connection: Connection): boolean {
    const byUse = this.#byUse
    const mayBeUsed = (one: Connection) => one === connection || this.#silent.has(one)
    for (let last = byUse.at(-1); last && !mayBeUsed(last); last = byUse.at(-1)) byUse.pop()
    const address = addressOf(connection)
    const next = byUse
      .slice(-ENOUGH)
      .findLast((one) => mayBeUsed(one) && addressOf(one) === address)
    return next === connection
  }

  #wait(connection: Connection): void {
    this.#silent.add(connection, connection.activeAt)
    this.#byUse.push(connection)
  }

  #endWait(connection: Connection): void {
    this.#silent.delete(connection)
    this.#kept.delete(connection)
  }

  /**
   * A proxy that speaks on one of its connections may send the next request on another one that has been
   * silent for a while: until it has found out that nobody listens any more, that one is kept.
   */
  #hear(connection: Connection): void {
    this.#heardAt.set(addressOf(connection), connection.activeAt)
  }

  #awaitEnd(connection: Connection): void {
    this.#endWait(connection)
    this.#leaving.add(connection, this.#farewell.clock.now())
  }

  /** Closes our side, and reads on until they close theirs. */
  #leave(connection: Connection): void {
    const { socket } = connection
    this.#awaitEnd(connection)
    // What crosses our FIN could be worked on but not answered, so it must not reach a handler.
    const isUpload = connection.newest?.req.complete === false
    socket.removeAllListeners('data')
    socket.on('data', () => {
      if (!isUpload) this.#counts.crossed++
    })
    socket.end()
  }
}

/** Behind a UNIX socket there is one client: the proxy beside it. */
function addressOf({ socket }: Connection): string {
  return socket.remoteAddress ?? ''
}

/**
 * The sockets that Node would close: all, or those whose parser waits for a request and has no part
 * of one. Only Node knows, and it tells by closing them: for once, that is noted in place of being
 * done.
 */
function socketsOf(
  server: AnyHttpServer,
  close: 'closeAllConnections' | 'closeIdleConnections',
): Set<Socket> {
  const sockets = new Set<Socket>()
  // A connection may be any duplex stream that somebody has handed to the server.
  const prototypes: Duplex[] = [Duplex.prototype, Socket.prototype]
  const own = prototypes.map((prototype) => Object.getOwnPropertyDescriptor(prototype, 'destroy'))
  for (const prototype of prototypes) {
    prototype.destroy = function (this: Socket) {
      sockets.add(this)
      return this
    }
  }
  try {
    // The prototype's: the server's own is held for the time of the drain. HTTP/2 alone has none.
    ;(Object.getPrototypeOf(server) as Partial<Server>)[close]?.call(server)
  } finally {
    for (const [index, prototype] of prototypes.entries()) {
      const before = own[index]
      if (before) Object.defineProperty(prototype, 'destroy', before)
      else delete (prototype as Partial<Duplex>).destroy
    }
  }
  return sockets
}

/** A server with HTTP/2 emits the same events for its streams, which are not ours. */
function isHttp1({ httpVersionMajor }: IncomingMessage): boolean {
  return httpVersionMajor === 1
}

/** Under an upload a client could not see the answer, and would be reset while it sends. */
function isSent({ complete, headers }: IncomingMessage): boolean {
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return complete || !hasBody
}
