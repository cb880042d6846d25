import { firstTen, plural } from '../../base/summarize.ts'
import type { HookContext } from '../../engine/hook.ts'
import type { KnownSockets, WebSocketLike, WebSocketServerLike } from './known-sockets.ts'
import type { CloseSettings } from './options.ts'

/** The status that `ws` gives a connection that was lost without a close frame (RFC 6455, 7.1.5). */
const LOST = 1006

/**
 * Closes all WebSockets of a server, in batches, and waits for the clients' answers. WebSockets open
 * at the limit are terminated, even if it comes before `run()`.
 */
export class BatchedClose {
  readonly #open = new Set<WebSocketLike>()
  readonly #asked = new WeakSet<WebSocketLike>()
  readonly #counts = { asked: 0, answered: 0 }
  #finish = () => {}
  readonly #over = new Promise<void>((resolve) => {
    this.#finish = resolve
  })
  #hasBegun = false
  #timer: unknown

  constructor(
    readonly sockets: WebSocketServerLike,
    readonly known: KnownSockets,
    readonly settings: CloseSettings,
    readonly context: HookContext,
  ) {
    // The application may accept an upgrade late: WebSockets may open even after this is over.
    known.onOpen((socket) => this.#closeLate(socket))
    context.waitingFor(() => {
      const open = [...sockets.clients].map((socket) => known.describe(socket))
      return firstTen(open, 'WebSocket')
    })
    context.signal.addEventListener('abort', () => this.#cutOff(), { once: true })
  }

  async run(): Promise<void> {
    // Nothing else stops a server with its own port. A server that shares an HTTP server stays
    // open: after close() an upgrade would reach the application as an ordinary request.
    if (typeof this.sockets.options?.port === 'number') this.sockets.close()
    this.#hasBegun = true
    this.#closeAll([...this.sockets.clients])
    await this.#over
    const { asked, answered } = this.#counts
    if (asked > 0 && !this.context.signal.aborted) {
      this.context.note(`${plural(asked, 'WebSocket')} closed, ${answered} of them cleanly`)
    }
  }

  #closeAll(sockets: readonly WebSocketLike[]): void {
    const { batchSize, batchInterval } = this.settings
    for (const socket of sockets) this.#awaitClose(socket)
    const mostBatches = Math.floor(this.context.remaining() / 2 / Math.max(batchInterval, 1))
    const size = Math.max(batchSize, Math.ceil(sockets.length / Math.max(1, mostBatches)))
    const closeFrom = (start: number) => {
      const end = start + size
      for (const socket of sockets.slice(start, end)) this.#close(socket)
      if (end < sockets.length) {
        this.#timer = this.known.clock.setTimeout(() => closeFrom(end), batchInterval)
      }
    }
    closeFrom(0)
    if (this.#open.size === 0) this.#finish()
  }

  /** For a WebSocket whose upgrade was under way: it is in no batch. */
  #closeLate(socket: WebSocketLike): void {
    if (this.context.signal.aborted) socket.terminate()
    else if (this.#hasBegun) {
      this.#awaitClose(socket)
      this.#close(socket)
    }
  }

  #close(socket: WebSocketLike): void {
    // Its client may have closed it since the batches were made.
    if (!this.#open.has(socket)) return
    this.#asked.add(socket)
    this.#counts.asked++
    const { code, reason } = this.settings
    socket.close(code, reason)
  }

  #awaitClose(socket: WebSocketLike): void {
    this.#open.add(socket)
    socket.once('close', (code) => {
      if (this.#asked.has(socket) && code !== LOST) this.#counts.answered++
      this.#open.delete(socket)
      if (this.#open.size > 0) return
      this.known.clock.clearTimeout(this.#timer)
      this.#finish()
    })
  }

  #cutOff(): void {
    this.known.clock.clearTimeout(this.#timer)
    for (const socket of this.sockets.clients) socket.terminate()
    this.#finish()
  }
}
