import type { Clock } from '../../runtime/clock.ts'
import { clientName, requestName } from '../drain-part.ts'
import type { WebSocketLike, WebSocketServerLike } from './types.ts'

/** What a WebSocket is called where it is cut off. */
export interface Origin {
  readonly name: string
  readonly since: number
  readonly client: string
}

/** Who wants to know of a WebSocket that comes. */
interface CloseInProgress {
  come(socket: WebSocketLike): void
}

/**
 * Hears of every WebSocket that comes to a server. There is one of a server, however often that is
 * handed in: development servers and tests start the same one again and again.
 */
export class WebSocketArrivals {
  /** The request that a WebSocket came by says which server is the one below, and what to call it. */
  readonly origins = new WeakMap<WebSocketLike, Origin>()
  /** Those that are under way, or over: the application may take its time to accept a WebSocket. */
  readonly goodbyes = new Set<CloseInProgress>()
  /** The server below, once that is known. */
  server: unknown

  static of(sockets: WebSocketServerLike, clock: Clock): WebSocketArrivals {
    const known = KNOWN.get(sockets) ?? new WebSocketArrivals(sockets, clock)
    KNOWN.set(sockets, known)
    // It may have been ended before, and be in use again, above another server.
    known.goodbyes.clear()
    known.server = sockets.options?.server
    return known
  }

  private constructor(sockets: WebSocketServerLike, clock: Clock) {
    sockets.on('connection', (socket, { socket: below, method, url }) => {
      this.server ??= (below as { server?: object }).server
      this.origins.set(socket, {
        name: requestName(method, url),
        since: clock.now(),
        // Not to be had any more of a connection that is lost.
        client: clientName(below),
      })
      for (const goodbye of this.goodbyes) goodbye.come(socket)
    })
  }
}

const KNOWN = new WeakMap<WebSocketServerLike, WebSocketArrivals>()
