import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'

/**
 * Finds the response that Node made for a stream, if the server has listeners for `request`.
 * Relies on: the stream has it at a symbol named `response`. It is only read here.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: a request whose client has gone is forgotten, unless its handler uses the stream itself.
 */
export function responseOfStream(stream: ServerHttp2Stream): Http2ServerResponse | undefined {
  const symbol = Object.getOwnPropertySymbols(stream).find(
    ({ description }) => description === 'response',
  )
  return symbol && (stream as unknown as Record<symbol, Http2ServerResponse | undefined>)[symbol]
}
