import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../../base/errors.ts'

/** The options of `webSocketServer()`. A `Duration` is milliseconds, or a string such as `'10s'`. */
export interface WebSocketServerOptions {
  /** The hook's name in logs and in the report. A second server needs another one. Default `websockets`. */
  readonly name?: string
  /** The phase in which the WebSockets are closed. Default `drain`. */
  readonly phase?: string
  /**
   * The status code of the close: 1000, 1001, 1008, 1011, 1012, 1013, or 3000 to 4999. Default 1001,
   * 'going away, such as a server going down' (RFC 6455, 7.4.1).
   */
  readonly code?: number
  /** The reason that is sent with it, at most 123 bytes in UTF-8. Default `server is shutting down`. */
  readonly reason?: string
  /** How many WebSockets are closed at once, so that not all clients reconnect at once. Default 1000. */
  readonly batchSize?: number
  /**
   * The time between two batches. Batches that would take more than half of the hook's time are made
   * larger. Default 100 ms.
   */
  readonly batchInterval?: Duration
  /**
   * The longest that the hook may take, lame duck included. The clock starts with the hook. Default:
   * what the deadline leaves.
   */
  readonly timeout?: Duration
  /** The time that no earlier hook may use up. Default: that of the phase, 10 % in `drain`. */
  readonly reserve?: Duration
}

/** The defaults of `webSocketServer()`. Times are in milliseconds. */
const DEFAULTS = {
  name: 'websockets',
  phase: 'drain',
  code: 1001,
  reason: 'server is shutting down',
  batchSize: 1000,
  batchInterval: 100,
} as const

const OPTIONS = optionNames<WebSocketServerOptions>({
  name: true,
  phase: true,
  code: true,
  reason: true,
  batchSize: true,
  batchInterval: true,
  timeout: true,
  reserve: true,
})

/** What an endpoint may send (RFC 6455, 7.4). 1005 and 1006 only report that no close was received. */
const STANDARD_CODES = [1000, 1001, 1008, 1011, 1012, 1013]

/** The longest reason that fits into a close frame beside the code (RFC 6455, 5.5). */
const LONGEST_REASON = 123

/** How the WebSockets are closed. */
export interface CloseSettings {
  readonly code: number
  readonly reason: string
  readonly batchSize: number
  /** In milliseconds. */
  readonly batchInterval: number
}

export function checkOptions(options: WebSocketServerOptions) {
  refuseUnknownOptions(options, OPTIONS, "{ name: 'websockets' }")
  const { name = DEFAULTS.name, phase = DEFAULTS.phase, timeout, reserve } = options
  return { place: { name, phase, timeout, reserve }, settings: checkClose(options) }
}

function checkClose(options: WebSocketServerOptions): CloseSettings {
  const { code = DEFAULTS.code, reason = DEFAULTS.reason } = options
  const { batchSize = DEFAULTS.batchSize } = options
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
  const batchInterval = parseDuration(
    options.batchInterval ?? DEFAULTS.batchInterval,
    'batchInterval',
    0,
  )
  return { code, reason, batchSize, batchInterval }
}
