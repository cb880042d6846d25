import type { HookContext } from '../../engine/hook.ts'
import { DueQueue } from '../due-queue.ts'
import type { KnownSockets, Unsent, WebSocketLike } from './known-sockets.ts'

/**
 * When less than this is left before the limit, in milliseconds, all are ended in one turn of the
 * loop: the hook of the server below must see in time that they are gone.
 */
const AT_ONCE_WITHIN = 20

/** What an `AwaitedAnswers` needs. */
interface Parts {
  readonly known: KnownSockets
  readonly context: HookContext
  /** How long a client may take to answer, in milliseconds. */
  readonly stragglers: number
  /** Whether the application is busy with it. Its client is not at fault then. */
  keepIfBusy(socket: WebSocketLike): boolean
  /** Ends a WebSocket whose client has not answered. */
  end(socket: WebSocketLike, isAtLimit: boolean): void
}

/** The WebSockets that were sent the close. Ends those whose clients do not answer in time. */
export class AwaitedAnswers {
  /** With what was unsent at the last look. */
  readonly #asked = new Map<WebSocketLike, Unsent>()
  readonly #stragglers: DueQueue<WebSocketLike>
  /** Those that are ended because the limit is near, one after another: the loop must turn. */
  readonly #last: DueQueue<WebSocketLike>
  #isLimitNear = false

  constructor(readonly parts: Parts) {
    const { clock } = parts.known
    this.#stragglers = new DueQueue(parts.stragglers, clock, (socket) => this.#endIfSilent(socket))
    this.#last = new DueQueue(0, clock, (socket) => this.#endAtLimit(socket))
  }

  has(socket: WebSocketLike): boolean {
    return this.#asked.has(socket)
  }

  /** Awaits the answer from now on, also where it was awaited before. */
  add(socket: WebSocketLike): void {
    this.#asked.set(socket, this.parts.known.unsent(socket))
    if (this.#isLimitNear) this.#last.add(socket)
    else this.#stragglers.add(socket)
  }

  /** Returns whether its answer was awaited. */
  delete(socket: WebSocketLike): boolean {
    this.#stragglers.delete(socket)
    this.#last.delete(socket)
    return this.#asked.delete(socket)
  }

  /** Awaits no answer any longer, because the limit is near. */
  endAll(): void {
    this.#isLimitNear = true
    this.#stragglers.clear()
    for (const socket of this.#asked.keys()) {
      if (!this.parts.keepIfBusy(socket)) this.#last.add(socket)
    }
  }

  clear(): void {
    this.#stragglers.clear()
    this.#last.clear()
  }

  /** Ends a client that neither answers nor reads what was sent before the close. */
  #endIfSilent(socket: WebSocketLike): void {
    if (this.parts.keepIfBusy(socket)) return
    const before = this.#asked.get(socket)
    const { buffered, inWrite } = this.parts.known.unsent(socket)
    const isReading = before && (buffered < before.buffered || inWrite < before.inWrite)
    if (isReading) this.add(socket)
    else this.#end(socket)
  }

  #endAtLimit(first: WebSocketLike): void {
    const isAtOnce = this.parts.context.remaining() < AT_ONCE_WITHIN
    const others = isAtOnce ? [...this.#asked.keys()].filter((one) => this.#last.has(one)) : []
    for (const socket of [first, ...others]) this.#end(socket)
  }

  #end(socket: WebSocketLike): void {
    this.parts.end(socket, this.#isLimitNear)
    this.delete(socket)
  }
}
