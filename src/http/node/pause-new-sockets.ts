import type { Socket } from 'node:net'
import type { AnyHttpServer } from '../server.ts'

/**
 * Accepts and counts new connections without reading from them, until `resume()`. They stay paused if
 * the application itself set `pauseOnConnect`.
 * Relies on: Node looks at `server.pauseOnConnect` for each connection, not once for the server.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12; over TLS in none: the handshake goes on below.
 * Without it: new connections are answered at once. If clients connect anew for each request, the
 * listener closes only when the patience is over.
 */
export function pauseNewSockets(server: AnyHttpServer) {
  const sockets: Socket[] = []
  const hold = (socket: Socket) => void sockets.push(socket)
  const pausing = server as AnyHttpServer & { pauseOnConnect: boolean }
  const { pauseOnConnect } = pausing
  pausing.pauseOnConnect = true
  server.prependListener('connection', hold)
  return {
    accepted: () => sockets.length,
    resume() {
      server.off('connection', hold)
      pausing.pauseOnConnect = pauseOnConnect
      if (!pauseOnConnect) for (const socket of sockets) socket.resume()
    },
  }
}
