import type { Socket } from 'node:net'
import type { AnyHttpServer } from '../server.ts'

/**
 * Accepts new connections without reading from them.
 *
 * Relies on: Node looks at `server.pauseOnConnect` for each connection. Documented is only the
 * option of the same name, for a server's whole life.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: new connections are read and answered at once. Where clients connect anew for each
 * request, the listener then closes only when patience is over.
 * Over TLS that is so in all these versions: the handshake goes on below the paused socket.
 */
export function pauseNewSockets(server: AnyHttpServer): {
  /** How many have been accepted since. */
  accepted(): number
  /** Reads from all of them, unless the application itself wants them paused. */
  resume(): void
} {
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
