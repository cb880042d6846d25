import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'

// RFC 9110, 15.6.4: the server cannot answer now, and says when to ask again. Another instance, or
// this one's successor, will be there by then.
const STATUS = 503
const HEADERS = { 'Content-Type': 'text/plain', 'Retry-After': '1' }
const BODY = 'The server is shutting down.\n'

/** Answers a request that came too late for its handler. The drain decides on `close`. */
export function refuseRequest(response: ServerResponse): void {
  response.writeHead(STATUS, { ...HEADERS, 'Content-Length': Buffer.byteLength(BODY) })
  response.end(BODY)
}

/** The same for a stream of HTTP/2. */
export function refuseStream(stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return
  // The client may reset it; nothing else listens for that error.
  stream.on('error', () => {})
  stream.respond({ ':status': STATUS, ...HEADERS })
  stream.end(BODY)
}

/** Refuses an upgrade or a CONNECT request, and closes our side. */
export function refuseUpgrade(socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  socket.resume()
  const head = [
    `HTTP/1.1 ${STATUS} Service Unavailable`,
    ...Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(BODY)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${BODY}`)
}
