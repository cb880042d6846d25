import type { IncomingMessage } from 'node:http'

/** As much of a WebSocket of `ws` as is needed here. */
export interface WebSocketLike {
  close(code: number, reason: string): void
  terminate(): void
  once(event: 'close', listener: (code: number) => void): unknown
}

/** As much of the `WebSocketServer` of `ws` as is needed here. */
export interface WebSocketServerLike {
  readonly clients: Iterable<WebSocketLike>
  readonly options?: { readonly port?: number | undefined; readonly server?: unknown }
  on(
    event: 'connection',
    listener: (socket: WebSocketLike, request: IncomingMessage) => void,
  ): unknown
  close(): void
}
