import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { plural } from '../../base/summarize.ts'
import type { SendQueues } from '../../runtime/send-queues.ts'
import { Deliveries } from '../deliveries.ts'
import type { DrainContext, DrainPart, Movement } from '../drain-part.ts'
import { DueQueue } from '../due-queue.ts'
import { refuseRequest, refuseUpgrade } from '../late-request.ts'
import { closeAfterResponse } from '../node/close-after-response.ts'
import { isReceiving, listSockets } from '../node/connections-list.ts'
import { discardInput } from '../node/discard-input.ts'
import type { Interceptor } from '../node/intercept.ts'
import { socketsOfServer } from '../node/sockets-of-server.ts'
import { type AnyHttpServer, isHttp1Request, speaksHttp2, speaksTls } from '../server.ts'
import { ConnectionActivity } from './connection-activity.ts'
import { type Connection, type Connections, connectionOf, type Watcher } from './connections.ts'
import { connectionsLeft, lastUse } from './connections-left.ts'
import { sayCloseIf } from './last-response.ts'
import { SilentConnections } from './silent-connections.ts'

/** How many lingers a TLS handshake may take: it needs several round trips. */
const HANDSHAKE_LINGERS = 4

/** After this many lingers of silence, both directions are closed at once: half the work. */
const LONG_SILENCE_LINGERS = 2

/** For how many connections begin() looks up the client's address: all would block the loop. */
const NEWEST_COUNT = 100

/** Ends HTTP/1 connections: each after a last response that says close, or once it is silent. */
export class ConnectionsDrain implements DrainPart, Watcher {
  readonly interceptors: Readonly<Record<string, Interceptor>>
  readonly #silent: SilentConnections
  /** Closed on our side: the client has a linger to close its own. */
  readonly #halfClosed: DueQueue<Connection>
  readonly #handshakes: DueQueue<Socket>
  readonly #deliveries: Deliveries<Connection>
  readonly #activity: ConnectionActivity
  #requestsSeen = 0
  /** Their last response says close. */
  readonly #announced = new WeakSet<Connection>()
  readonly #refused = new WeakSet<ServerResponse>()
  readonly #counts = {
    connections: 0,
    requests: 0,
    afterResponse: 0,
    idle: 0,
    unhandled: 0,
    refused: 0,
  }

  constructor(
    readonly server: AnyHttpServer,
    readonly connections: Connections,
    readonly drain: DrainContext,
  ) {
    const { linger, clock } = drain
    this.#silent = new SilentConnections(linger, clock, this.#closeSilent)
    this.#halfClosed = new DueQueue(linger, clock, (connection) => {
      this.#deliveries.add(connection)
      drain.onSlow()
    })
    this.#deliveries = new Deliveries(lastUse)
    this.#activity = new ConnectionActivity(connections.open, this.#deliveries)
    this.#handshakes = new DueQueue(linger * HANDSHAKE_LINGERS, clock, (socket) => {
      if (connections.handshakes.has(socket)) socket.destroy()
    })
    const requests: Interceptor = (pass, request: IncomingMessage, response: ServerResponse) => {
      if (!isHttp1Request(request)) return pass()
      this.#admit(pass, request, response)
      return true
    }
    const upgrades: Interceptor = (pass, request: IncomingMessage) => {
      if (!isHttp1Request(request)) return pass()
      this.#counts.refused++
      refuseUpgrade(request.socket)
      const connection = connectionOf(request.socket)
      if (connection) this.#awaitClientClose(connection)
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
    const connections = this.connections
    const sockets = listSockets(this.server)
    for (const socket of sockets?.all ?? []) connections.adopt(socket)
    // The sockets of HTTP/2 sessions are accepted by the server, too.
    if (sockets && !speaksHttp2(this.server))
      connections.adoptUpgraded(socketsOfServer(this.server))
    connections.watcher = this
    for (const connection of connections.open) {
      const isIdle = sockets === undefined || sockets.idle.has(connection.socket)
      if (connection.used && isIdle) connection.settle()
    }
    const inOrder = [...connections.open].sort((a, b) => a.activeAt - b.activeAt)
    for (const connection of inOrder.slice(-NEWEST_COUNT)) this.#silent.noteSpoke(connection)
    for (const connection of inOrder) this.opened(connection)
    for (const { socket, since } of connections.handshakes) this.#handshakes.add(socket, since)
  }

  stop(): void {
    this.#silent.clear()
    this.#halfClosed.clear()
    this.#handshakes.clear()
    this.connections.watcher = undefined
  }

  get isOver(): boolean {
    return this.connections.open.size === 0
  }

  hasWork(): boolean {
    return this.#activity.hasWork()
  }

  isSlow(): boolean {
    return this.#activity.isSlow()
  }

  movement(queues: SendQueues | undefined): Movement {
    const { requests } = this.#counts
    const hasAsked = requests !== this.#requestsSeen
    this.#requestsSeen = requests
    const movement = this.#activity.movement(queues)
    return movement === 'none' && hasAsked ? 'client' : movement
  }

  opened(connection: Connection): void {
    if (connection.upgraded) {
      // The application has ended it, as one does with an upgrade that is refused.
      if (connection.socket.writableEnded) this.#awaitClientClose(connection)
      return
    }
    this.#counts.connections++
    if (connection.newest) this.#announceClose(connection, connection.newest)
    if (connection.inFlight === 0) this.#silent.add(connection)
  }

  requested(connection: Connection, response: ServerResponse): void {
    this.#counts.requests++
    this.#silent.delete(connection)
    this.#silent.noteSpoke(connection)
    this.#announceClose(connection, response)
  }

  silent(connection: Connection): void {
    if (!isReceiving(this.server, connection.socket)) connection.settle()
    this.#silent.noteSpoke(connection)
    if (!this.#announced.has(connection)) this.#silent.add(connection)
  }

  closed(connection: Connection): void {
    this.#silent.delete(connection)
    this.#halfClosed.delete(connection)
    this.#deliveries.delete(connection)
    this.drain.onLeft()
  }

  whatWasDone(): string[] {
    const { connections, afterResponse, idle, unhandled, refused } = this.#counts
    if (connections === 0) return []
    const their = afterResponse === 1 ? 'its' : 'their'
    const closed = `${afterResponse} closed after ${their} last response, ${idle} idle`
    const lines = [`${plural(connections, 'connection')}: ${closed}`]
    if (unhandled > 0) {
      const requests = plural(unhandled, 'request')
      lines.push(`${requests} not handled: arrived while the connection was closing`)
    }
    if (refused > 0) lines.push(`${plural(refused, 'late request')} refused with 503`)
    return lines
  }

  whatIsLeft(): string[] {
    return connectionsLeft(this.connections, this.#deliveries, this.drain.clock.now())
  }

  /**
   * Hands a request to its handler once everything that was read with it has been parsed: only the
   * last response of a pipeline may say close, and a handler may answer at once.
   */
  #admit(pass: () => boolean, request: IncomingMessage, response: ServerResponse): void {
    const connection = connectionOf(request.socket)
    // After a response that says close no request may be handled (RFC 9112, 9.6).
    if (connection && this.#announced.has(connection)) {
      this.#counts.unhandled++
      return
    }
    this.connections.count(request, response)
    // Microtasks run after the parser has consumed all that was read.
    queueMicrotask(() => {
      if (this.drain.isTooLate()) {
        this.#counts.refused++
        this.#refused.add(response)
        refuseRequest(response)
      } else pass()
    })
  }

  #announceClose(connection: Connection, response: ServerResponse): void {
    const isLast = () =>
      connection.newest === response &&
      !connection.socket.destroyed &&
      (isSent(response.req) || this.#refused.has(response)) &&
      !(response.req.complete && isReceiving(this.server, connection.socket))
    const close = () => {
      connection.lastRequest = response.req
      closeAfterResponse(connection.socket, () => this.#halfClose(connection))
    }
    // Its head is sent. If it said close, Node closes the connection.
    if (response.headersSent) close()
    sayCloseIf(response, isLast, () => {
      this.#counts.afterResponse++
      this.#announced.add(connection)
      close()
    })
  }

  readonly #closeSilent = (connection: Connection, silence: number): void => {
    this.#counts.idle++
    const isLong =
      silence > LONG_SILENCE_LINGERS * this.drain.linger &&
      !connection.mayBeRead(this.drain.clock.now())
    // TLS has its own close message, which only a half-close sends.
    if (isLong && !speaksTls(this.server)) connection.socket.destroy()
    else this.#halfClose(connection)
  }

  #awaitClientClose(connection: Connection): void {
    this.#silent.delete(connection)
    this.#halfClosed.add(connection)
  }

  /** Closes our side, and reads on until the client closes its own. */
  #halfClose(connection: Connection): void {
    const { socket } = connection
    this.#awaitClientClose(connection)
    // Node would destroy it after keepAliveTimeout, also while its client still reads.
    socket.setTimeout(0)
    // A request that crosses our FIN could be handled but not answered, so no handler may see it.
    const isUpload = connection.newest?.req.complete === false
    discardInput(socket, () => {
      if (!isUpload) this.#counts.unhandled++
    })
    socket.end()
  }
}

/** Closing during an upload would reset the client before it reads the response. */
function isSent({ complete, headers }: IncomingMessage): boolean {
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return complete || !hasBody
}
