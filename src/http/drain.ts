import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { createHttpTerminator } from 'http-terminator'
import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Clients } from './clients.ts'
import type { DrainPart } from './drain-part.ts'
import { GoneRequestsDrain } from './gone-requests-drain.ts'
import { ClosedConnectionsDrain } from './http1/closed-connections.ts'
import { ConnectionsDrain } from './http1/drain-connections.ts'
import { SessionsDrain } from './http2/drain-sessions.ts'
import { closeListener } from './node/close-listener.ts'
import { intercept } from './node/intercept.ts'
import { keepIdleConnections } from './node/keep-idle-connections.ts'
import type { AnyHttpServer } from './server.ts'
import { Stragglers } from './stragglers.ts'
import { stopAccepting } from './unbind.ts'

/** What a drain needs. Times are in milliseconds. */
interface DrainOptions {
  readonly server: AnyHttpServer
  readonly clients: Clients
  readonly clock: Clock
  readonly linger: number
  /** Counted from the last work. At least as long as it takes to close all silent connections. */
  readonly stragglers: number
  readonly refuseWithin?: number | undefined
}

/** How many lingers it takes at most to close silent connections: as many as one is kept, and its end. */
const LONGEST_CLOSE_LINGERS = 6

/**
 * Drains a server: every client gets the answers that it waits for, then its connection is closed. At
 * the hook's limit the drain cuts off what is left, even before `run()`.
 */
export class Drain {
  readonly #parts: readonly DrainPart[]
  readonly #closed: ClosedConnectionsDrain
  #isRunning = false
  #stragglers: Stragglers | undefined
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
    const context = {
      clock,
      linger,
      hook,
      isTooLate,
      onLeft: () => this.#finishIfOver(),
      onSlow: () => this.#stragglers?.lookSoon(),
    }
    this.#closed = new ClosedConnectionsDrain(clients.connections, () => clients.port, context)
    this.#parts = [
      new ConnectionsDrain(server, clients.connections, context),
      this.#closed,
      new SessionsDrain(clients.sessions, context),
      new GoneRequestsDrain(clients.state.gone, context),
    ]
    hook.waitingFor(() =>
      this.#runsInOther ? [] : this.#parts.flatMap((part) => part.whatIsLeft()),
    )
    hook.signal.addEventListener('abort', () => this.#cutOff(), { once: true })
  }

  /** Begins the drain, or joins the one that another hook has begun. Resolves when the last client has left. */
  async join(): Promise<void> {
    this.options.clients.draining ??= this.#run()
    await this.options.clients.draining
  }

  async #run(): Promise<void> {
    const { server, clients, clock } = this.options
    const { hook } = this
    if (hook.signal.aborted) return
    this.#isRunning = true
    // It still runs if the hooks were added late: then all of them begin together.
    await clients.unbinding
    if (hook.signal.aborted) return
    clients.watchServer(server, () => this.#finishIfOver())
    // The limit may have cut off the hook that should have stopped listening.
    if (server.listening) {
      clients.undoKeepIdle ??= keepIdleConnections(server)
      await stopAccepting(this.options, hook.remaining() / 4)
      if (hook.signal.aborted) return
    }

    const interceptors = Object.assign({}, ...this.#parts.map((part) => part.interceptors))
    this.#undoIntercept = intercept(server, interceptors)
    this.#stragglers = new Stragglers({
      parts: this.#parts,
      clock,
      hook,
      bound: Math.max(this.options.stragglers, LONGEST_CLOSE_LINGERS * this.options.linger),
      end: () => void this.#terminate(),
    })
    for (const part of this.#parts) part.begin()
    clients.abortSignals()
    this.#finishIfOver()
    await this.#over
    await clients.handedBack
    if (hook.signal.aborted) return
    for (const line of this.#parts.flatMap((part) => part.whatWasDone())) hook.note(line)
  }

  #finishIfOver(): void {
    if (this.options.clients.isOpen || !this.#parts.every((part) => part.isOver)) return
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
    this.options.clock.afterPoll(() => void this.#terminate())
  }

  #terminate(): Promise<void> {
    // What has no connection that could be ended is not waited for.
    this.options.clients.state.gone.close()
    this.#closed.stop()
    this.#finishIfOver()
    return terminate(this.options)
  }

  #stop(): void {
    const { clients } = this.options
    this.#undoIntercept()
    clients.undoKeepIdle?.()
    clients.undoKeepIdle = undefined
    this.#stragglers?.stop()
    for (const part of this.#parts) part.stop()
    clients.draining = undefined
    clients.unbinding = undefined
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
      if (server.listening) closeListener(server, done)
      else done()
    },
  }
  return createHttpTerminator({
    server: left as unknown as Server,
    gracefulTerminationTimeout: 1,
  }).terminate()
}
