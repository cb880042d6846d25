import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../../base/errors.ts'
import type { HookPhase } from '../../engine/hook.ts'
import type { WebSocketLike } from './known-sockets.ts'

/**
 * The options of `webSocketServer()`. A `Duration` is milliseconds, or a string such as `'10s'`.
 *
 * @typeParam Socket the WebSocket that `busy` gets
 */
export interface WebSocketServerOptions<Socket extends WebSocketLike = WebSocketLike> {
  /** The hook's name in logs and in the report. A second server needs its own. Default `websockets`. */
  readonly name?: string | undefined
  /**
   * The status code of the close: 1000, 1001, 1008, 1011, 1012, 1013, or 3000 to 4999. Default 1001,
   * 'going away, such as a server going down' (RFC 6455, 7.4.1).
   */
  readonly code?: number | undefined
  /** The reason that is sent with it, at most 123 bytes in UTF-8. Default `server is shutting down`. */
  readonly reason?: string | undefined
  /** How many WebSockets are closed at once, so that not all clients reconnect at once. Default 1000. */
  readonly batchSize?: number | undefined
  /**
   * The time between two batches. Batches that would take more than half of the hook's time are made
   * larger. Default 100 ms.
   */
  readonly batchInterval?: Duration | undefined
  /**
   * Whether a WebSocket is in the middle of something: a GraphQL mutation, an upload, a move in a game.
   * It is closed when it is not busy any more. At the hook's limit a busy one is named in the report and
   * cut off. Called only during the shutdown: when the WebSocket is to be closed, then every 50 ms
   * while it is busy. Default: none is busy.
   *
   * @example
   * const moves = new WeakMap<WebSocket, number>()
   * webSocketServer(sockets, { busy: (socket) => (moves.get(socket) ?? 0) > 0 })
   */
  readonly busy?: ((socket: Socket) => boolean) | undefined
  /**
   * How long a WebSocket whose client has left is waited for while it is `busy`. The clock starts when
   * it has closed, also before the signal. Default 5 s.
   */
  readonly goneClients?: Duration | undefined
  /**
   * How long a client may take to answer the close before its WebSocket is terminated. The clock starts
   * when the close is sent; while the client reads what was sent before, it starts anew. With 0 answers
   * are not waited for. Default 2 s.
   */
  readonly stragglers?: Duration | undefined
  /** The phase in which the hook runs. Default `drain`. */
  readonly phase?: HookPhase | undefined
  /** The longest that the hook may take. The clock starts with the hook. Default: what the deadline leaves. */
  readonly timeout?: Duration | undefined
  /** Time that no earlier hook may use. Default: the phase's reserve, 10 % in `drain`. */
  readonly reserve?: Duration | undefined
}

const OPTIONS = optionNames<WebSocketServerOptions>({
  name: true,
  phase: true,
  code: true,
  reason: true,
  batchSize: true,
  batchInterval: true,
  busy: true,
  goneClients: true,
  stragglers: true,
  timeout: true,
  reserve: true,
})

/** Codes that an endpoint may send (RFC 6455, 7.4). 1005 and 1006 only report that no code came. */
const STANDARD_CODES = [1000, 1001, 1008, 1011, 1012, 1013]

/** The longest reason that fits into a close frame beside the code (RFC 6455, 5.5). */
const LONGEST_REASON = 123

/** How the WebSockets are closed. */
export type CloseSettings = ReturnType<typeof checkOptions>['settings']

export function checkOptions(options: WebSocketServerOptions) {
  refuseUnknownOptions(options, OPTIONS, "{ name: 'websockets' }")
  const { name = 'websockets', phase = 'drain', timeout, reserve } = options
  const { code = 1001, reason = 'server is shutting down', batchSize = 1000 } = options
  const isPrivate = Number.isInteger(code) && code >= 3000 && code <= 4999
  if (!STANDARD_CODES.includes(code) && !isPrivate) {
    const rule = `${STANDARD_CODES.join(', ')}, or one from 3000 to 4999`
    throw invalidOption('code', rule, code)
  }
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > LONGEST_REASON) {
    throw invalidOption('reason', `a string of at most ${LONGEST_REASON} bytes in UTF-8`, reason)
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw invalidOption('batchSize', 'an integer of 1 or more', batchSize)
  }
  const { busy, goneClients = '5s', stragglers = '2s' } = options
  if (busy !== undefined && typeof busy !== 'function') {
    throw invalidOption('busy', 'a function that returns whether a WebSocket is busy', busy)
  }
  return {
    place: { name, phase, timeout, reserve },
    settings: {
      code,
      reason,
      batchSize,
      batchInterval: parseDuration(options.batchInterval ?? 100, 'batchInterval', 0),
      busy,
      goneClients: parseDuration(goneClients, 'goneClients', 0),
      stragglers: parseDuration(stragglers, 'stragglers', 0),
    },
  }
}
