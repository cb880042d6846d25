import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createHttpTerminator } from 'http-terminator'
import type { Clock } from '../clock.ts'
import { formatDuration } from '../duration.ts'
import type { HookContext } from '../hook.ts'
import { handleAfterParsing } from './after-parsing.ts'
import type { Connection, Connections, Watcher } from './connections.ts'
import { sayCloseIf } from './last-answer.ts'
import { Linger } from './linger.ts'
import { stopListening } from './stop-listening.ts'

/** What a drain is made of. */
export interface DrainParts {
  readonly server: Server
  readonly connections: Connections
  readonly clock: Clock
  /** How long a connection has to be silent before it is closed, in milliseconds. */
  readonly linger: number
}

/**
 * How long connections may go on coming in when the server stops listening, in milliseconds, and a
 * quarter of the drain's time at most: long enough for a full queue of TLS handshakes.
 */
const PATIENCE = 2000

/** How many times the linger a TLS handshake may take: it goes back and forth more than once. */
const HANDSHAKE = 4

/**
 * Ends the connections of a server: lets every one have the answers that it waits for, and closes
 * it when it has been told to come no more. At the context's limit what is left is ended, also
 * where that comes before `run()`.
 */
export class Drain implements Watcher {
  readonly #parts: DrainParts
  readonly #context: HookContext
  readonly #over: Promise<void>
  /** Nothing has come from them for a while, counted from their own last activity. */
  readonly #silent: Linger<Connection>
  /** We have closed our side, and wait for them to close theirs. */
  readonly #leaving: Linger<Connection>
  readonly #handshakes: Linger<Socket>
  readonly #told = new WeakSet<Connection>()
  readonly #counts = { connections: 0, told: 0, silent: 0, crossed: 0 }
  /** Until the listener and every socket that came by it are closed. */
  #isOpen: boolean
  #takeBack = () => {}
  #finish!: () => void

  constructor(parts: DrainParts, context: HookContext) {
    const { server, clock, linger } = parts
    this.#parts = parts
    this.#context = context
    this.#silent = new Linger(linger, clock, (connection) => this.#endSilence(connection))
    this.#leaving = new Linger(linger, clock, ({ socket }) => socket.destroy())
    this.#handshakes = new Linger(linger * HANDSHAKE, clock, (socket) => socket.destroy())
    this.#over = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.#isOpen = server.listening
    // The event says that every socket is closed, those included that nobody else counts.
    server.once('close', () => {
      this.#isOpen = false
      this.#finishIfOver()
    })
    context.signal.addEventListener('abort', () => this.#cutOff(), { once: true })
  }

  /** Resolves when the last connection is closed. */
  async run(): Promise<void> {
    const { server, connections, clock } = this.#parts
    if (this.#context.signal.aborted) return
    const patience = Math.min(PATIENCE, this.#context.remaining() / 4)
    await stopListening(server, clock, patience)
    if (this.#context.signal.aborted) return

    connections.watcher = this
    this.#takeBack = handleAfterParsing(server, (request, response) => {
      const connection = connections.find(request.socket)
      // Whoever has been told must not be worked on again (RFC 9112, 9.6).
      if (connection && this.#told.has(connection)) this.#counts.crossed++
      else connections.count(request, response)
      return !connection || !this.#told.has(connection)
    })
    const idle = idleSockets(server, connections)
    for (const connection of connections) {
      if (connection.used && idle.has(connection.socket)) connection.settle()
    }
    const inOrder = [...connections].sort((a, b) => a.activeAt - b.activeAt)
    for (const connection of inOrder) this.opened(connection)
    for (const { socket, since } of connections.handshakes.values()) {
      this.#handshakes.add(socket, since)
    }
    this.#finishIfOver()
    await this.#over
    if (!this.#context.signal.aborted) this.#tellWhatWasDone()
  }

  opened(connection: Connection): void {
    this.#counts.connections++
    if (connection.upgraded) return
    if (connection.newest) this.#tell(connection, connection.newest)
    if (connection.inFlight === 0) this.#silent.add(connection, connection.activeAt)
  }

  requested(connection: Connection, response: ServerResponse): void {
    this.#silent.delete(connection)
    this.#tell(connection, response)
  }

  silent(connection: Connection): void {
    connection.settle()
    if (!this.#told.has(connection)) this.#silent.add(connection, connection.activeAt)
  }

  closed(connection: Connection): void {
    this.#silent.delete(connection)
    this.#leaving.delete(connection)
    this.#finishIfOver()
  }

  #tell(connection: Connection, response: ServerResponse): void {
    sayCloseIf(
      response,
      // Under an upload the client could not see it, and would be reset while it sends.
      () => connection.newest === response && (response.req.complete || !hasBody(response.req)),
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

  #endSilence(connection: Connection): void {
    // The rest of a request that has come in half will come, or the limit will.
    if (connection.inFlight > 0 || connection.upgraded || connection.isHalfSent) return
    this.#counts.silent++
    this.#leave(connection)
  }

  /** Closes our side, and reads on until they close theirs. */
  #leave(connection: Connection): void {
    const { socket } = connection
    this.#leaving.add(connection, this.#parts.clock.now())
    // What crosses our FIN could be worked on but not answered, so it must not reach a handler.
    socket.removeAllListeners('data')
    socket.on('data', () => this.#counts.crossed++)
    socket.end()
  }

  #finishIfOver(): void {
    if (this.#isOpen || this.#parts.connections.size > 0) return
    this.#stop()
    this.#finish()
  }

  #tellWhatWasDone(): void {
    const { connections, told, silent, crossed } = this.#counts
    const { note } = this.#context
    if (connections === 0) return
    note(
      `${count(connections, 'connection')}: ${told} told with their last answer, ${silent} closed in silence`,
    )
    if (crossed > 0)
      note(`${count(crossed, 'request')} crossed the closing of a connection, unread`)
  }

  /** Names what is left, and ends it. */
  #cutOff(): void {
    for (const line of whatIsLeft(this.#parts)) this.#context.note(line)
    this.#stop()
    void terminate(this.#parts)
  }

  #stop(): void {
    this.#silent.clear()
    this.#leaving.clear()
    this.#handshakes.clear()
    this.#takeBack()
    this.#parts.connections.watcher = undefined
    this.#parts.connections.draining = undefined
  }
}

/**
 * Those whose parser waits for a request, and has no part of one. Only Node knows, and it tells by
 * closing them: for once, that is noted in place of being done.
 */
function idleSockets(server: Server, connections: Iterable<Connection>): Set<Socket> {
  const idle = new Set<Socket>()
  const sockets = [...connections].map(({ socket }) => socket)
  for (const socket of sockets) {
    socket.destroy = () => {
      idle.add(socket)
      return socket
    }
  }
  server.closeIdleConnections()
  for (const socket of sockets) delete (socket as Partial<Socket>).destroy
  return idle
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** Paths only: what a query, a header or a body holds is nobody's business. */
function whatIsLeft({ connections, clock }: DrainParts): string[] {
  const all = [...connections]
  const requests = all.flatMap(({ newest, inFlight, activeAt }) => {
    if (!newest) return []
    const { method, url = '' } = newest.req
    const more = inFlight > 1 ? ` and ${inFlight - 1} before it` : ''
    return `${method} ${url.split('?')[0]}, ${formatDuration(clock.now() - activeAt)} old${more}`
  })
  const shown = requests.slice(0, 10).map((request) => `cut off: ${request}`)
  const upgraded = all.filter((connection) => connection.upgraded).length
  const halfSent = all.filter((connection) => connection.isHalfSent && !connection.upgraded).length
  return [
    ...shown,
    ...(requests.length > 10 ? [`cut off: ${count(requests.length - 10, 'request')} more`] : []),
    ...(upgraded > 0 ? [`cut off: ${count(upgraded, 'upgraded connection')}`] : []),
    ...(halfSent > 0
      ? [`cut off: ${count(halfSent, 'request')} of which only a part had come`]
      : []),
  ]
}

/**
 * Ends what is left. http-terminator hears of the connections only now: told of each as it is
 * opened, it would hold every one of them a second time for the whole life of the server.
 */
function terminate({ server, connections }: DrainParts): Promise<void> {
  const left = {
    on(event: string, listener: (socket: Socket) => void) {
      if (event === 'connection') for (const socket of connections.sockets()) listener(socket)
    },
    close(done: () => void) {
      if (server.listening) server.close(done)
      else done()
    },
  }
  const terminator = createHttpTerminator({
    server: left as unknown as Server,
    gracefulTerminationTimeout: 1,
  })
  return terminator.terminate()
}
