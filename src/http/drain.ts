import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { createHttpTerminator } from 'http-terminator'
import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Clients } from './clients.ts'
import type { DrainPart } from './drain-part.ts'
import { ConnectionsDrain } from './http1/drain-connections.ts'
import { SessionsDrain } from './http2/drain-sessions.ts'
import { intercept } from './node/intercept.ts'
import { isHandedIn, keepIdleConnections, stopListening } from './node/stop-listening.ts'
import type { AnyHttpServer } from './server.ts'

/** What a drain is made of. */
export interface DrainParts {
  readonly server: AnyHttpServer
  readonly clients: Clients
  readonly clock: Clock
  /** How long a client has to be silent before we close, in milliseconds. */
  readonly linger: number
  /** Requests that come when less than this is left are refused. Default: a tenth of the time. */
  readonly refuseWithin?: number | undefined
}

/**
 * How long connections may go on coming in when the server stops listening, in milliseconds, and a
 * quarter of the drain's time at most: long enough for a full queue of TLS handshakes.
 */
const PATIENCE = 2000

/**
 * How long a worker of node:cluster lives on after it has stopped listening, in milliseconds, and a
 * quarter of the drain's time at most: a connection that its primary has handed to it, before it
 * heard of that, is handed back. If nobody reads it, neither a worker nor a reset ever answers it.
 */
const HANDING_BACK = 50

/**
 * Ends a server: lets every client have the answers that it waits for, and closes its connection
 * when it has been told to come no more. At the context's limit what is left is ended, also where
 * that comes before `run()`.
 */
export class Drain {
  readonly #parts: DrainParts
  readonly #context: HookContext
  readonly #protocols: readonly DrainPart[]
  readonly #over: Promise<void>
  /** Until the listener and every socket that came by it are closed. */
  #isOpen: boolean
  #isRunning = false
  #undo = () => {}
  #finish!: () => void

  constructor(parts: DrainParts, context: HookContext) {
    const { server, clients, clock, linger } = parts
    this.#parts = parts
    this.#context = context
    const { refuseWithin = Math.min(1000, context.remaining() / 10) } = parts
    const farewell = {
      clock,
      linger,
      context,
      isTooLate: () => context.remaining() < refuseWithin,
      onLeft: () => this.#finishIfOver(),
    }
    this.#protocols = [
      new ConnectionsDrain(server, clients.connections, farewell),
      new SessionsDrain(clients.sessions, farewell),
    ]
    this.#over = new Promise((resolve) => {
      this.#finish = resolve
    })
    clients.letClose ??= keepIdleConnections(server)
    this.#isOpen = server.listening
    // The event says that every socket is closed, those included that nobody else counts.
    server.once('close', () => {
      this.#isOpen = false
      this.#finishIfOver()
    })
    context.waitingFor(() => this.#whatIsLeft())
    context.signal.addEventListener('abort', () => this.#cutOff(), { once: true })
  }

  /** Resolves when the last client has left. */
  async run(): Promise<void> {
    const { server, clients, clock } = this.#parts
    if (this.#context.signal.aborted) return
    this.#isRunning = true
    const patience = Math.min(PATIENCE, this.#context.remaining() / 4)
    const handingBack = isHandedIn(server) ? Math.min(HANDING_BACK, patience) : 0
    await stopListening(server, clock, patience)
    const handedBack = new Promise<void>((resolve) => {
      if (handingBack === 0) resolve()
      else clock.setTimeout(() => clock.afterPoll(resolve), handingBack)
    })
    clients.endLameDuck()
    if (this.#context.signal.aborted) return

    const interceptors = Object.assign({}, ...this.#protocols.map((part) => part.interceptors))
    this.#undo = intercept(server, interceptors)
    for (const part of this.#protocols) part.begin()
    clients.leave()
    this.#finishIfOver()
    await this.#over
    await handedBack
    if (this.#context.signal.aborted) return
    for (const part of this.#protocols) part.whatWasDone().forEach(this.#context.note)
  }

  #finishIfOver(): void {
    if (this.#isOpen || this.#parts.clients.size > 0) return
    this.#stop()
    this.#finish()
  }

  /** Somebody else's drain of the same server may have more time. */
  get #isOfOthers(): boolean {
    return !this.#isRunning && this.#parts.clients.draining !== undefined
  }

  #whatIsLeft(): string[] {
    return this.#isOfOthers ? [] : this.#protocols.flatMap((part) => part.whatIsLeft())
  }

  /** Ends what is left. */
  #cutOff(): void {
    if (this.#isOfOthers) return
    this.#stop()
    // A turn later: whoever has the same limit may have to say whose these are.
    this.#parts.clock.afterPoll(() => void terminate(this.#parts))
  }

  #stop(): void {
    this.#undo()
    this.#parts.clients.letClose?.()
    this.#parts.clients.letClose = undefined
    for (const part of this.#protocols) part.stop()
    this.#parts.clients.draining = undefined
  }
}

/**
 * Ends what is left. http-terminator hears of the connections only now: told of each as it is
 * opened, it would hold every one of them a second time for the whole life of the server.
 */
function terminate({ server, clients }: DrainParts): Promise<void> {
  const left = {
    on(event: string, listener: (socket: Socket) => void) {
      if (event !== 'connection') return
      for (const socket of clients.connections.sockets()) listener(socket)
      for (const { socket } of clients.sessions) listener(socket)
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
