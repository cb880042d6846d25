import { Server as NetServer } from 'node:net'
import { type AnyHttpServer, speaksHttp2 } from '../server.ts'
import { keepIdleConnections } from './keep-idle-connections.ts'

/**
 * Closes the listener of a server, and leaves its connections alone.
 *
 * Relies on: a server of HTTP/2 is a `net.Server`, and closes its listener when the `close()` of
 * that class is called on it. From Node 24 on its own `close()` closes the sessions as well.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: the server's own `close()` is called. From Node 24 on streams are refused that arrive
 * after it.
 */
export function closeListener(server: AnyHttpServer): void {
  if (!server.listening) return
  if (speaksHttp2(server) && server instanceof NetServer) {
    NetServer.prototype.close.call(server)
    return
  }
  const undo = keepIdleConnections(server)
  try {
    server.close()
  } finally {
    undo()
  }
}
