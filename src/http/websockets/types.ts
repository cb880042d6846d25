import type { IncomingMessage } from 'node:http'
import { LastcallError, show } from '../../base/errors.ts'

/** As much of a WebSocket of `ws` as `webSocketServer()` needs. */
export interface WebSocketLike {
  close(code: number, reason: string): void
  terminate(): void
  once(event: 'close', listener: (code: number) => void): unknown
}

/** As much of the `WebSocketServer` of `ws` as `webSocketServer()` needs. */
export interface WebSocketServerLike {
  readonly clients: Iterable<WebSocketLike>
  readonly options?: { readonly port?: number | undefined; readonly server?: unknown }
  on(
    event: 'connection',
    listener: (socket: WebSocketLike, request: IncomingMessage) => void,
  ): unknown
  close(): void
}

export function refuseNonWebSocketServer(sockets: WebSocketServerLike): void {
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
