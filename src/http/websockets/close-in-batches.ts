import { firstTen } from '../../base/summarize.ts'
import type { HookContext } from '../../engine/hook.ts'
import { DueQueue } from '../due-queue.ts'
import { askIfBusy } from './ask-if-busy.ts'
import { AwaitedAnswers } from './awaited-answers.ts'
import { Batches } from './batches.ts'
import { BusySockets } from './busy-sockets.ts'
import { CloseReport } from './close-report.ts'
import type { KnownSockets, WebSocketLike, WebSocketServerLike } from './known-sockets.ts'
import type { CloseSettings } from './options.ts'

/** The status that `ws` gives a connection that was lost without a close frame (RFC 6455, 7.1.5). */
const LOST = 1006

/**
 * How long before the limit clients are not waited for any longer, in milliseconds; at most a quarter
 * of the hook's time. To close a connection takes up to 0.1 ms, most of it in the kernel.
 */
const BEFORE_LIMIT = { all: 100, each: 0.1 }

/**
 * Closes all WebSockets of a server, in batches, and waits for the clients' answers: for each client
 * a bounded time, and for a busy WebSocket until it is not busy. WebSockets open at the limit are
 * terminated, even if it comes before `run()`.
 */
export class BatchedClose {
  readonly #open = new Set<WebSocketLike>()
  readonly #asked: AwaitedAnswers
  readonly #report: CloseReport
  readonly #isBusy: (socket: WebSocketLike) => boolean
  /** Some may have closed: their work goes on. */
  readonly #busy: BusySockets
  readonly #gone: DueQueue<WebSocketLike>
  #batches: Batches<WebSocketLike> | undefined
  #finish = () => {}
  readonly #over = new Promise<void>((resolve) => {
    this.#finish = resolve
  })
  #stage: 'not begun' | 'closing' | 'just before the limit' | 'over' = 'not begun'
  #lastMoment: unknown

  constructor(
    readonly sockets: WebSocketServerLike,
    readonly known: KnownSockets,
    readonly settings: CloseSettings,
    readonly context: HookContext,
  ) {
    const { clock } = known
    const { goneClients, stragglers } = settings
    this.#report = new CloseReport(settings)
    this.#isBusy = askIfBusy(settings, context.note)
    this.#busy = new BusySockets(clock, (socket) => this.#isOurs(socket), this.#closeFree)
    this.#gone = new DueQueue(goneClients, clock, (socket) => this.#giveUp(socket))
    this.#asked = new AwaitedAnswers({
      known,
      context,
      stragglers,
      keepIfBusy: (socket) => this.#busy.keepIfBusy(socket),
      end: (socket, isAtLimit) => this.#end(socket, isAtLimit),
    })
    // The application may accept an upgrade late: WebSockets may open even after this is over.
    known.onOpen((socket) => this.#closeLate(socket))
    context.waitingFor(() => this.#whatIsLeft())
    context.signal.addEventListener('abort', () => this.#cutOff(), { once: true })
  }

  async run(): Promise<void> {
    const { context, known, settings, sockets } = this
    // Nothing else stops a server with its own port. A server that shares an HTTP server stays
    // open: after close() an upgrade would reach the application as an ordinary request.
    if (typeof sockets.options?.port === 'number') sockets.close()
    this.#stage = 'closing'
    const time = context.remaining()
    const open = [...sockets.clients]
    const beforeLimit = Math.min(BEFORE_LIMIT.all + open.length * BEFORE_LIMIT.each, time / 4)
    this.#lastMoment = known.clock.setTimeout(() => this.#onLastMoment(), time - beforeLimit)
    for (const { socket, at } of known.closedLately()) this.#waitWhileBusy(socket, at)
    const { batchSize, batchInterval: interval } = settings
    const mostBatches = Math.floor(time / 2 / Math.max(interval, 1))
    const size = Math.max(batchSize, Math.ceil(open.length / Math.max(1, mostBatches)))
    this.#batches = new Batches({ size, interval }, known.clock, this.#closeUnlessBusy)
    for (const socket of open) this.#awaitClose(socket)
    this.#batches.add(open)
    this.#finishIfOver()
    await this.#over
    if (context.signal.aborted) return
    for (const line of this.#report.closed()) context.note(line)
    for (const line of this.#report.stragglers()) context.note(line, 'warn')
  }

  /** For a WebSocket whose upgrade was under way: it is in no batch, and has begun nothing yet. */
  #closeLate(socket: WebSocketLike): void {
    const { code, reason, stragglers } = this.settings
    if (this.context.signal.aborted) socket.terminate()
    else if (this.#stage === 'over') {
      const timer = this.known.clock.setTimeout(() => socket.terminate(), stragglers)
      socket.once('close', () => this.known.clock.clearTimeout(timer))
      socket.close(code, reason)
    } else if (this.#stage !== 'not begun') {
      this.#awaitClose(socket)
      this.#close(socket)
    }
  }

  /** Returns false for a WebSocket that is busy: it is closed later. */
  readonly #closeUnlessBusy = (socket: WebSocketLike): boolean => {
    if (this.#busy.keepIfBusy(socket)) return false
    this.#close(socket)
    return true
  }

  #close(socket: WebSocketLike): void {
    const { code, reason } = this.settings
    this.#report.asked++
    socket.close(code, reason)
    this.#asked.add(socket)
  }

  #awaitClose(socket: WebSocketLike): void {
    this.#open.add(socket)
    socket.once('close', (code) => {
      if (!this.#open.delete(socket) || this.#stage === 'over') return
      if (this.#asked.delete(socket) && code !== LOST) this.#report.answered++
      this.#batches?.delete(socket)
      this.#busy.delete(socket)
      this.#waitWhileBusy(socket)
      this.#finishIfOver()
    })
  }

  /** For a WebSocket that has closed: the work that it began goes on. */
  #waitWhileBusy(socket: WebSocketLike, since = this.known.clock.now()): void {
    if (this.#busy.keepIfBusy(socket)) this.#gone.add(socket, since)
  }

  #giveUp(socket: WebSocketLike): void {
    this.#busy.delete(socket)
    this.#report.ended('gone', this.#describe(socket))
    this.#finishIfOver()
  }

  readonly #closeFree = (free: readonly WebSocketLike[]): void => {
    const open = free.filter((socket) => this.#open.has(socket))
    const asked = open.filter((socket) => this.#asked.has(socket))
    const toClose = open.filter((socket) => !this.#asked.has(socket))
    for (const socket of free) this.#gone.delete(socket)
    for (const socket of asked) this.#asked.add(socket)
    this.#batches?.add(toClose)
    if (this.#stage === 'just before the limit') this.#batches?.flush()
    this.#finishIfOver()
  }

  /** Whether the application is in the middle of something with this WebSocket. */
  #isOurs(socket: WebSocketLike): boolean {
    return this.#isBusy(socket) || this.#isPaused(socket)
  }

  /** Whether the client may have answered, and the application does not read it. */
  #isPaused(socket: WebSocketLike): boolean {
    return this.#asked.has(socket) && socket.isPaused === true
  }

  /** Only work of ours may take the hook to its limit: clients that have not answered are ended now. */
  #onLastMoment(): void {
    this.#stage = 'just before the limit'
    this.#batches?.flush()
    this.#busy.askAgain()
    this.#asked.endAll()
  }

  #end(socket: WebSocketLike, isAtLimit: boolean): void {
    this.#report.ended(isAtLimit ? 'silent at the limit' : 'silent', this.#describe(socket))
    this.#open.delete(socket)
    socket.terminate()
    this.#finishIfOver()
  }

  #finishIfOver(): void {
    if (this.#open.size + this.#busy.all.size > 0) return
    this.#stop()
  }

  #cutOff(): void {
    if (this.#stage !== 'over') {
      for (const line of this.#report.stragglers()) this.context.note(line, 'error')
    }
    this.#stop()
    for (const socket of this.sockets.clients) socket.terminate()
  }

  #stop(): void {
    this.#stage = 'over'
    this.known.clock.clearTimeout(this.#lastMoment)
    this.#batches?.clear()
    this.#busy.clear()
    this.#gone.clear()
    this.#asked.clear()
    this.#finish()
  }

  /** Work of ours comes first: only the first lines are shown. */
  #whatIsLeft(): string[] {
    const all = [...new Set([...this.#busy.all, ...this.sockets.clients])].map((socket) => {
      const rank = this.#isOurs(socket) ? 0 : this.#asked.has(socket) ? 2 : 1
      return { socket, rank }
    })
    all.sort((a, b) => a.rank - b.rank)
    return firstTen(
      all.map(({ socket }) => this.#describe(socket)),
      'WebSocket',
    )
  }

  #describe(socket: WebSocketLike): string {
    const states: string[] = []
    if (this.#isBusy(socket)) states.push('busy')
    if (this.#isPaused(socket)) states.push('paused')
    if (this.#gone.has(socket)) states.push('client gone')
    if (this.known.unsent(socket).buffered > 0) states.push('data unsent')
    return this.known.describe(socket, ...states)
  }
}
