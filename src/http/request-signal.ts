import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { invalidOption } from '../base/errors.ts'
import { endingError } from './ending.ts'
import { findConnection } from './http1/connections.ts'
import { findStream } from './http2/sessions.ts'
import type { AnyRequest } from './server.ts'

/** A request, or what a framework wraps it in: Fastify's has it as `raw`, Koa's as `req`. */
export type SignalledRequest =
  | AnyRequest
  | ServerHttp2Stream
  | { readonly raw: AnyRequest }
  | { readonly req: AnyRequest }

/**
 * A signal that aborts when the server wants this request to come to its end: once the drain has
 * stopped listening. It is for what would never end by itself, such as server-sent events and long
 * polls. An ordinary request needs none: it has the drain's time to finish.
 *
 * It aborts with an `AbortError`. For a request that comes later it is aborted from the start. It
 * never aborts where the request's server was not handed to `httpServer()`, in a test of a handler
 * for example.
 *
 * @example
 * app.get('/events', (request, response) => {
 *   response.writeHead(200, { 'Content-Type': 'text/event-stream' })
 *   // Of node:events. It also hears a signal that is aborted already.
 *   addAbortListener(requestSignal(request), () => {
 *     response.end('event: leaving\ndata: reconnect\n\n')
 *   })
 * })
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` where it is not handed a request
 */
export function requestSignal(request: SignalledRequest): AbortSignal {
  const message = unwrap(request)
  const known = SIGNALS.get(message)
  if (known) return known
  const controller = new AbortController()
  SIGNALS.set(message, controller.signal)
  if (isEnding(message, controller)) controller.abort(endingError())
  return controller.signal
}

const SIGNALS = new WeakMap<object, AbortSignal>()

/** What is in flight: the request, or the stream of HTTP/2 that it came on. */
function unwrap(request: SignalledRequest): IncomingMessage | ServerHttp2Stream {
  const given = request as Partial<{ raw: AnyRequest; req: AnyRequest } & IncomingMessage>
  const message = (given?.raw ?? given?.req ?? request) as AnyRequest | ServerHttp2Stream
  if (typeof message?.on !== 'function' || !('headers' in message || 'respond' in message)) {
    throw invalidOption('request', 'the request that a handler is given', request)
  }
  return 'stream' in message ? message.stream : message
}

/** Has it aborted later where it is in flight; says whether it is to end already. */
function isEnding(
  message: IncomingMessage | ServerHttp2Stream,
  controller: AbortController,
): boolean {
  if ('respond' in message) {
    const found = findStream(message)
    if (found) found.open.ending = controller
    return found?.isEnding ?? false
  }
  const found = findConnection(message)
  if (!found) return false
  const { connection } = found
  if (connection.inFlight > 0 || connection.upgraded) {
    connection.ending ??= new Map()
    connection.ending.set(message, controller)
  }
  return found.isEnding
}
