import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { inCall, invalidOption } from '../base/errors.ts'
import type { AnyRequest } from './server.ts'
import { oneSignalOf, signalSourceOf } from './signal-source.ts'

/** A request, or a framework's wrapper of it: Fastify keeps it as `raw`, Koa as `req`. */
export type SignalledRequest =
  | AnyRequest
  | ServerHttp2Stream
  | { readonly raw: AnyRequest }
  | { readonly req: AnyRequest }

/**
 * Returns a signal that aborts when the server wants this request to end: at the shutdown, once the
 * lame duck is over and the server has stopped listening. Use it for answers that would never end by
 * themselves, such as server-sent events and long polls. An ordinary request needs none: it has the
 * drain's time to finish.
 *
 * The reason of the abort is an `AbortError`. For a request that comes later the signal is aborted
 * from the start. It never aborts if the server was not passed to `httpServer()`, as in a unit test
 * of a handler. The same request always gets the same signal.
 *
 * @example
 * app.get('/events', (request, response) => {
 *   response.writeHead(200, { 'Content-Type': 'text/event-stream' })
 *   // addAbortListener() of node:events also calls back where the signal is aborted already.
 *   addAbortListener(requestSignal(request), () => {
 *     response.end('event: leaving\ndata: reconnect\n\n')
 *   })
 * })
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` for anything but a request
 */
export function requestSignal(request: SignalledRequest): AbortSignal {
  const message = unwrap(request)
  const source = signalSourceOf('respond' in message ? message.session : message.socket)
  return source?.signalOf(message) ?? oneSignalOf(message, () => {})
}

/** The request of HTTP/1, or the stream of HTTP/2. */
function unwrap(request: SignalledRequest): IncomingMessage | ServerHttp2Stream {
  const given = request as Partial<{ raw: AnyRequest; req: AnyRequest } & IncomingMessage>
  const message = (given?.raw ?? given?.req ?? request) as AnyRequest | ServerHttp2Stream
  if (typeof message?.on !== 'function' || !('headers' in message || 'respond' in message)) {
    throw inCall('requestSignal()', () => {
      const fix = 'Pass the first argument of the handler.'
      return invalidOption('request', 'the request that a handler is given', request, fix)
    })
  }
  return 'stream' in message ? message.stream : message
}
