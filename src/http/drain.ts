import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createHttpTerminator } from 'http-terminator'
import type { Clock } from '../clock.ts'
import { formatDuration } from '../duration.ts'
import type { HookContext } from '../hook.ts'
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
 * Stops listening, lets every connection have the answers that it waits for, and closes each when
 * it has been told to come no more. Resolves when the last is closed; at the context's limit what
 * is left is ended.
 */
export async function drain(parts: DrainParts, context: HookContext): Promise<void> {
  const draining = new Drain(parts)
  context.signal.addEventListener('abort', () => draining.cutOff(context), { once: true })
  await stopListening(parts.server, parts.clock)
  if (context.signal.aborted) return
  draining.tellEveryone()
  await draining.over
  if (!context.signal.aborted) draining.tellWhatWasDone(context)
}

class Drain implements Watcher {
  readonly over: Promise<void>
  readonly #parts: DrainParts
  /** Nothing has come from them for a while, counted from their own last activity. */
  readonly #silent: Linger<Connection>
  /** We have closed our side, and wait for them to close theirs. */
  readonly #leaving: Linger<Connection>
  readonly #bursts = new WeakMap<Connection, Burst>()
  readonly #counts = { connections: 0, told: 0, silent: 0, crossed: 0 }
  /** Until the listener and every socket that came by it are closed. */
  #isOpen: boolean
  #finish!: () => void

  constructor(parts: DrainParts) {
    const { server, clock, linger } = parts
    this.#parts = parts
    this.#silent = new Linger(linger, clock, (connection) => this.#halfClose(connection))
    this.#leaving = new Linger(linger, clock, ({ socket }) => socket.destroy())
    this.over = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.#isOpen = server.listening
    // The event says that the sockets below TLS are closed too, which nobody else counts.
    server.once('close', () => {
      this.#isOpen = false
      this.#finishIfOver()
    })
  }

  tellEveryone(): void {
    const { connections } = this.#parts
    connections.watcher = this
    const inOrder = [...connections].sort((a, b) => a.activeAt - b.activeAt)
    for (const connection of inOrder) this.opened(connection)
    this.#finishIfOver()
  }

  opened(connection: Connection): void {
    this.#counts.connections++
    if (connection.upgraded) return
    if (connection.newest) this.#tell(connection, connection.newest)
    if (connection.inFlight === 0) this.#silent.add(connection, connection.activeAt)
  }

  requested(connection: Connection, response: ServerResponse): void {
    this.#silent.delete(connection)
    this.#burstOf(connection).count()
    this.#tell(connection, response)
  }

  answered(connection: Connection): void {
    this.#silent.add(connection, connection.activeAt)
  }

  closed(connection: Connection): void {
    this.#silent.delete(connection)
    this.#leaving.delete(connection)
    this.#finishIfOver()
  }

  /** Names what is left, and ends it. */
  cutOff({ note }: HookContext): void {
    for (const line of whatIsLeft(this.#parts)) note(line)
    this.#stop()
    void terminate(this.#parts)
  }

  tellWhatWasDone({ note }: HookContext): void {
    const { connections, told, silent, crossed } = this.#counts
    note(
      `${count(connections, 'connection')}: ${told} told with their last answer, ${silent} closed in silence`,
    )
    if (crossed > 0)
      note(`${count(crossed, 'request')} crossed the closing of a connection, unread`)
  }

  #tell(connection: Connection, response: ServerResponse): void {
    sayCloseIf(response, () => {
      const last =
        connection.newest === response &&
        // Closing under an upload would reset the connection, and the answer with it.
        (response.req.complete || !hasBody(response.req)) &&
        this.#burstOf(connection).isOver
      if (last) this.#counts.told++
      return last
    })
  }

  #halfClose(connection: Connection): void {
    const { socket } = connection
    if (connection.inFlight > 0 || connection.upgraded) return
    // The rest of its request will come, or the limit will.
    if (connection.isHalfSent) return
    this.#counts.silent++
    this.#leaving.add(connection, this.#parts.clock.now())
    // What crosses our FIN could be worked on but not answered, so it must not reach a handler.
    socket.removeAllListeners('data')
    socket.on('data', () => this.#counts.crossed++)
    socket.end()
  }

  #burstOf(connection: Connection): Burst {
    const burst = this.#bursts.get(connection) ?? new Burst()
    this.#bursts.set(connection, burst)
    return burst
  }

  #finishIfOver(): void {
    if (this.#isOpen || this.#parts.connections.size > 0) return
    this.#stop()
    this.#finish()
  }

  #stop(): void {
    this.#silent.clear()
    this.#leaving.clear()
    this.#parts.connections.watcher = undefined
  }
}

/**
 * The requests of a connection that were read in one go. While they are being read, a handler that
 * answers at once cannot know whether more of them follow; then the burst before tells how many to
 * expect, and without one nobody is told yet.
 */
class Burst {
  #now = 0
  #before = 0

  count(): void {
    if (this.#now++ > 0) return
    // Runs when the parser has been through all that was read.
    queueMicrotask(() => {
      this.#before = this.#now
      this.#now = 0
    })
  }

  get isOver(): boolean {
    return this.#now === 0 || (this.#before > 0 && this.#now >= this.#before)
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
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
