import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { createHttpTerminator } from 'http-terminator'
import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import { isClusterWorker } from '../runtime/thread.ts'
import type { Clients } from './clients.ts'
import type { DrainPart } from './drain-part.ts'
import { ConnectionsDrain } from './http1/drain-connections.ts'
import { SessionsDrain } from './http2/drain-sessions.ts'
import { intercept } from './node/intercept.ts'
import { keepIdleConnections } from './node/keep-idle-connections.ts'
import type { AnyHttpServer } from './server.ts'
import { stopListening } from './stop-listening.ts'

/** What a drain needs. Times are in milliseconds. */
interface DrainOptions {
  readonly server: AnyHttpServer
  readonly clients: Clients
  readonly clock: Clock
  readonly linger: number
  readonly refuseWithin?: number | undefined
}

/**
 * How long new connections may delay the end of listening, in milliseconds: enough for a full queue
 * of TLS handshakes. At most a quarter of the drain's time.
 */
const LONGEST_ACCEPT_WAIT = 2000

/**
 * How long a node:cluster worker lives on after it stopped listening, in milliseconds; at most a
 * quarter of the drain's time. Until the primary learns of the stop, the worker hands back the
 * connections it is sent. Otherwise their clients get neither answer nor reset.
 */
const HAND_BACK_TIME = 50

/**
 * Drains a server: every client gets the answers that it waits for, then its connection is closed. At
 * the hook's limit the drain cuts off what is left, even before `run()`.
 */
export class Drain {
  readonly #parts: readonly DrainPart[]
  /** True until the listener and all its sockets are closed. */
  #isOpen: boolean
  #isRunning = false
  #undoIntercept = () => {}
  #finish = () => {}
  readonly #over = new Promise<void>((resolve) => {
    this.#finish = resolve
  })

  constructor(
    readonly options: DrainOptions,
    readonly hook: HookContext,
  ) {
    const { server, clients, clock, linger } = options
    const { refuseWithin = Math.min(1000, hook.remaining() / 10) } = options
    const isTooLate = () => hook.remaining() < refuseWithin
    const context = { clock, linger, hook, isTooLate, onLeft: () => this.#finishIfOver() }
    this.#parts = [
      new ConnectionsDrain(server, clients.connections, context),
      new SessionsDrain(clients.sessions, context),
    ]
    clients.undoKeepIdle ??= keepIdleConnections(server)
    this.#isOpen = server.listening
    // Emitted when every socket is closed, even sockets that are counted nowhere else.
    server.once('close', () => {
      this.#isOpen = false
      this.#finishIfOver()
    })
    hook.waitingFor(() =>
      this.#runsInOther ? [] : this.#parts.flatMap((part) => part.whatIsLeft()),
    )
    hook.signal.addEventListener('abort', () => this.#cutOff(), { once: true })
  }

  /** Resolves when the last client has left. */
  async run(): Promise<void> {
    const { server, clients, clock } = this.options
    const { hook } = this
    if (hook.signal.aborted) return
    this.#isRunning = true
    const patience = Math.min(LONGEST_ACCEPT_WAIT, hook.remaining() / 4)
    const handingBack =
      server.listening && isClusterWorker() ? Math.min(HAND_BACK_TIME, patience) : 0
    await stopListening(server, clock, patience)
    const handedBack = new Promise<void>((resolve) => {
      if (handingBack === 0) resolve()
      else clock.setTimeout(() => clock.afterPoll(resolve), handingBack)
    })
    clients.endLameDuck()
    if (hook.signal.aborted) return

    const interceptors = Object.assign({}, ...this.#parts.map((part) => part.interceptors))
    this.#undoIntercept = intercept(server, interceptors)
    for (const part of this.#parts) part.begin()
    clients.abortSignals()
    this.#finishIfOver()
    await this.#over
    await handedBack
    if (hook.signal.aborted) return
    for (const part of this.#parts) part.whatWasDone().forEach(hook.note)
  }

  #finishIfOver(): void {
    if (this.#isOpen || this.options.clients.size > 0) return
    this.#stop()
    this.#finish()
  }

  /** Whether another hook drains the same server: it may have more time. */
  get #runsInOther(): boolean {
    return !this.#isRunning && this.options.clients.draining !== undefined
  }

  #cutOff(): void {
    if (this.#runsInOther) return
    this.#stop()
    // A turn later: another hook with the same limit may still have to name what it waits for.
    this.options.clock.afterPoll(() => void terminate(this.options))
  }

  #stop(): void {
    const { clients } = this.options
    this.#undoIntercept()
    clients.undoKeepIdle?.()
    clients.undoKeepIdle = undefined
    for (const part of this.#parts) part.stop()
    clients.draining = undefined
  }
}

/** Gives http-terminator the connections only now: earlier, each would be stored twice. */
function terminate({ server, clients }: DrainOptions): Promise<void> {
  const left = {
    on(event: string, listener: (socket: Socket) => void) {
      if (event !== 'connection') return
      for (const socket of clients.connections.sockets()) listener(socket)
      for (const { socket } of clients.sessions.open) listener(socket)
    },
    close(done: () => void) {
      if (server.listening) server.close(done)
      else done()
    },
  }
  return createHttpTerminator({
    server: left as unknown as Server,
    gracefulTerminationTimeout: 1,
  }).terminate()
}
