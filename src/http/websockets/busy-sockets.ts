import type { Clock } from '../../runtime/clock.ts'
import type { WebSocketLike } from './known-sockets.ts'

/** The time after which the busy WebSockets are asked about again, in milliseconds. */
const ASK_AGAIN = 50

/** WebSockets that were busy when they were looked at. Asks again and again until they are not. */
export class BusySockets {
  readonly #busy = new Set<WebSocketLike>()
  #timer: unknown

  constructor(
    readonly clock: Clock,
    readonly isBusy: (socket: WebSocketLike) => boolean,
    /** Called with the WebSockets that are not busy any more. */
    readonly onFree: (sockets: readonly WebSocketLike[]) => void,
  ) {}

  get all(): ReadonlySet<WebSocketLike> {
    return this.#busy
  }

  /** Returns whether a WebSocket is busy. One that is will be asked about again. */
  keepIfBusy(socket: WebSocketLike): boolean {
    if (!this.isBusy(socket)) return false
    this.#busy.add(socket)
    this.#timer ??= this.clock.setTimeout(() => this.askAgain(), ASK_AGAIN)
    return true
  }

  delete(socket: WebSocketLike): void {
    this.#busy.delete(socket)
  }

  askAgain(): void {
    this.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    const free = [...this.#busy].filter((socket) => !this.keepIfBusy(socket))
    for (const socket of free) this.#busy.delete(socket)
    if (free.length > 0) this.onFree(free)
  }

  clear(): void {
    this.#busy.clear()
    this.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
