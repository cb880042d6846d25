import { type Duration, formatDuration, parseDuration } from '../../base/duration.ts'
import { invalidOption, LastcallError, refuseUnknownOptions, show } from '../../base/errors.ts'
import { count, firstOf } from '../../base/summarize.ts'
import { type Hook, type HookContext, placeHook } from '../../engine/hook.ts'
import { type Clock, systemClock } from '../../runtime/clock.ts'
import { Clients } from '../clients.ts'
import { type Origin, WebSocketArrivals } from './arrivals.ts'
import type { WebSocketLike, WebSocketServerLike } from './types.ts'

/** What `webSocketServer()` takes; everything has a default. */
export interface WebSocketServerOptions {
  /** The hook's name, for reports. Default `websockets`; a second server needs one of its own. */
  readonly name?: string
  /** The phase in which the clients are told. Default `drain`, beside `httpServer()`. */
  readonly phase?: string
  /**
   * The status code that clients are closed with. Default 1001: 'going away, such as a server going
   * down' (RFC 6455, 7.4.1).
   */
  readonly code?: number
  /** The reason that they are given: at most 123 bytes. Default `server is shutting down`. */
  readonly reason?: string
  /** How many are told at once, so that they do not all connect anew at once. Default 1000. */
  readonly batchSize?: number
  /**
   * How long between two batches. Default 100 ms. Where they would take more than half of the hook's
   * time the batches are made larger.
   */
  readonly batchInterval?: Duration
  /** The longest that the hook may take, lame duck included. Default: what the budget leaves it. */
  readonly timeout?: Duration
  /** The part of the budget that nothing earlier may eat. Default: its phase's. */
  readonly reserve?: Duration
}

/**
 * The hook that ends the WebSockets of a `WebSocketServer` of `ws`: each client is told why, in
 * batches; those that answer are closed cleanly, the rest are terminated at the hook's limit.
 *
 * Add it beside `httpServer(server)` where the two share a server: it waits for the lame duck then,
 * in which new WebSockets are still served; later ones are refused with 503.
 *
 * @example
 * const sockets = new WebSocketServer({ server })
 * shutdown.add(httpServer(server))
 * shutdown.add(webSocketServer(sockets))
 *
 * @throws LastcallError `LASTCALL_NOT_A_SERVER` or `LASTCALL_INVALID_OPTION`
 */
export function webSocketServer(
  sockets: WebSocketServerLike,
  options: WebSocketServerOptions = {},
): Hook[] {
  return webSocketServerHooks(sockets, options, systemClock)
}

export function webSocketServerHooks(
  sockets: WebSocketServerLike,
  options: WebSocketServerOptions,
  clock: Clock,
): Hook[] {
  refuseNonWebSocketServer(sockets)
  refuseUnknownOptions(options, OPTIONS, "{ name: 'websockets' }")
  const { name = 'websockets', phase = 'drain', timeout, reserve } = options
  const settings = settingsOf(options)
  const run = async (context: HookContext) => {
    const { origins, goodbyes } = arrivals
    // Made before the lame duck: the limit may come in it, and has to find somebody who ends things.
    const goodbye = new ServerClose(sockets, { ...settings, clock, origins }, context)
    goodbyes.add(goodbye)
    // A hook of the same phase that begins after this one has begun by then.
    await new Promise<void>((resolve) => clock.afterPoll(resolve))
    await lameDucksAreOver(arrivals.server, context)
    if (!context.signal.aborted) await goodbye.run()
  }
  const hook = placeHook({ name, phase, timeout, reserve }, run)
  const arrivals = WebSocketArrivals.of(sockets, clock)
  return [hook]
}

const OPTIONS = [
  'name',
  'phase',
  'code',
  'reason',
  'batchSize',
  'batchInterval',
  'timeout',
  'reserve',
]

interface CloseSettings {
  readonly code: number
  readonly reason: string
  readonly batchSize: number
  readonly interval: number
}

function settingsOf(options: WebSocketServerOptions): CloseSettings {
  const { code = 1001, reason = 'server is shutting down', batchSize = 1000 } = options
  // RFC 6455, 7.4: what an endpoint may send; 1005 and 1006 only say that nothing was sent.
  const isStandard = [1000, 1001, 1008, 1011, 1012, 1013].includes(code)
  if (!Number.isInteger(code) || !(isStandard || (code >= 3000 && code <= 4999))) {
    const rule = '1000, 1001, 1008, 1011, 1012, 1013, or one from 3000 to 4999'
    throw invalidOption('code', rule, code)
  }
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > 123) {
    throw invalidOption('reason', 'a string of at most 123 bytes in UTF-8', reason)
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw invalidOption('batchSize', 'an integer of 1 or more', batchSize)
  }
  const interval = parseDuration(options.batchInterval ?? 100, 'batchInterval', 0)
  return { code, reason, batchSize, interval }
}

/** That of its server; where no WebSocket has told yet which one that is, those of all of them. */
async function lameDucksAreOver(server: unknown, { signal }: HookContext): Promise<void> {
  const known = Clients.known(server)
  // Nobody may have said that its server is to end, or only in a later phase.
  const inLameDuck = [...Clients.inLameDuck].filter((clients) => !known || clients === known)
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    const over = inLameDuck.map((clients) => new Promise<void>((left) => clients.onLeave(left)))
    void Promise.all(over).then(() => resolve())
  })
}

/** One goodbye to all WebSockets of a server. */
class ServerClose {
  readonly #open = new Set<WebSocketLike>()
  readonly #told = new WeakSet<WebSocketLike>()
  readonly #counts = { told: 0, answered: 0 }
  readonly #over: Promise<void>
  #finish!: () => void
  #hasBegun = false
  #timer: unknown

  constructor(
    readonly sockets: WebSocketServerLike,
    readonly parts: CloseSettings & { clock: Clock; origins: WeakMap<WebSocketLike, Origin> },
    readonly context: HookContext,
  ) {
    this.#over = new Promise((resolve) => {
      this.#finish = resolve
    })
    context.waitingFor(() => this.#whoIsLeft())
    context.signal.addEventListener('abort', () => this.#cutOff(), { once: true })
  }

  async run(): Promise<void> {
    const { sockets, context } = this
    // One with a port of its own has nobody else to stop it listening. One that shares a server is
    // not closed: the requests that it refuses would be taken for ordinary ones then.
    if (typeof sockets.options?.port === 'number') sockets.close()
    this.#hasBegun = true
    this.#tellInBatches([...sockets.clients])
    await this.#over
    const { told, answered } = this.#counts
    if (told > 0 && !context.signal.aborted) {
      context.note(`${count(told, 'WebSocket')} told, ${answered} of them closed cleanly`)
    }
  }

  /** One that has come since it began is told at once. */
  come(socket: WebSocketLike): void {
    if (this.context.signal.aborted) socket.terminate()
    else if (this.#hasBegun) {
      this.#expect(socket)
      this.#tell([socket])
    }
  }

  #tellInBatches(waiting: readonly WebSocketLike[]): void {
    const { batchSize, interval, clock } = this.parts
    for (const socket of waiting) this.#expect(socket)
    const turns = Math.max(1, Math.floor(this.context.remaining() / 2 / Math.max(interval, 1)))
    const size = Math.max(batchSize, Math.ceil(waiting.length / turns))
    const next = (from: number) => {
      this.#tell(waiting.slice(from, from + size))
      const isLast = from + size >= waiting.length
      if (!isLast) this.#timer = clock.setTimeout(() => next(from + size), interval)
    }
    next(0)
    if (this.#open.size === 0) this.#finish()
  }

  /** Waits for its end. */
  #expect(socket: WebSocketLike): void {
    this.#open.add(socket)
    socket.once('close', (code) => {
      // 1006: the connection was lost without an answer (RFC 6455, 7.1.5).
      if (this.#told.has(socket) && code !== 1006) this.#counts.answered++
      this.#open.delete(socket)
      if (this.#open.size > 0) return
      this.parts.clock.clearTimeout(this.#timer)
      this.#finish()
    })
  }

  #tell(sockets: readonly WebSocketLike[]): void {
    const { code, reason } = this.parts
    for (const socket of sockets) {
      // It may have gone by itself since.
      if (!this.#open.has(socket)) continue
      this.#told.add(socket)
      this.#counts.told++
      socket.close(code, reason)
    }
  }

  #whoIsLeft(): string[] {
    const { clock, origins } = this.parts
    const left = [...this.sockets.clients].map((socket) => {
      const origin = origins.get(socket)
      if (!origin) return 'a WebSocket'
      return `WebSocket ${origin.name}, ${formatDuration(clock.now() - origin.since)} old${origin.client}`
    })
    return firstOf(left, 'WebSocket')
  }

  /** Ends those that have not answered. */
  #cutOff(): void {
    this.parts.clock.clearTimeout(this.#timer)
    for (const socket of this.sockets.clients) socket.terminate()
    this.#finish()
  }
}

function refuseNonWebSocketServer(sockets: WebSocketServerLike): void {
  if (typeof sockets?.on !== 'function' || typeof sockets.close !== 'function') {
    throw refusal(sockets, 'Pass the WebSocketServer of ws.')
  }
  if (typeof sockets.clients?.[Symbol.iterator] !== 'function') {
    throw refusal(
      sockets,
      'It does not say who its clients are: pass the WebSocketServer of ws, without `clientTracking: false`.',
    )
  }
}

function refusal(sockets: unknown, fix: string): LastcallError {
  return new LastcallError(
    'LASTCALL_NOT_A_SERVER',
    `Expected \`sockets\` to be a WebSocketServer of ws, got ${show(sockets)}. ${fix}`,
  )
}
