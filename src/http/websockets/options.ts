import { type Duration, parseDuration } from '../../base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from '../../base/errors.ts'
import type { HttpServerOptions } from '../options.ts'

/** The options of `webSocketServer()`. A `Duration` is milliseconds, or a string such as `'10s'`. */
export interface WebSocketServerOptions
  extends Pick<HttpServerOptions, 'phase' | 'timeout' | 'reserve'> {
  /** The hook's name in logs and in the report. A second server needs its own. Default `websockets`. */
  readonly name?: string
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
}

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
  const batchInterval = parseDuration(options.batchInterval ?? 100, 'batchInterval', 0)
  return {
    place: { name, phase, timeout, reserve },
    settings: { code, reason, batchSize, batchInterval },
  }
}
