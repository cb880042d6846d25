import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { type AnyHttpServer, isHttp2, speaksTls } from '../server.ts'

/**
 * Calls back for each new HTTP/2 session, with the socket below it. `session.socket` is a proxy that
 * refuses `write()` and `destroy()`.
 * Relies on: Node emits `session` inside the `connection` or `secureConnection` event of its socket.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: sessions are not found. They are sent no GOAWAY, and the limit ends them.
 */
export function onSession(
  server: AnyHttpServer,
  opened: (session: ServerHttp2Session, socket: Socket) => void,
): void {
  let newest: Socket | undefined
  const event = speaksTls(server) ? 'secureConnection' : 'connection'
  server.prependListener(event, (socket: Socket) => {
    if (isHttp2(socket)) newest = socket
  })
  server.prependListener('session', (session: ServerHttp2Session) => {
    const socket = newest
    newest = undefined
    if (socket) opened(session, socket)
  })
}
