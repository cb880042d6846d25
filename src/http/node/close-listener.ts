import { Server as NetServer } from 'node:net'
import { type AnyHttpServer, speaksHttp2 } from '../server.ts'

/**
 * Closes the listener of a server. On HTTP/1, keepIdleConnections() keeps its idle connections.
 * Relies on: the `close()` of `net.Server` closes the listener alone, also of a server of HTTP/2.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: the server's own `close()` is called, which from Node 24 on closes the sessions: it
 * refuses the streams that arrive after it.
 */
export function closeListener(server: AnyHttpServer): void {
  if (!server.listening) return
  if (speaksHttp2(server) && server instanceof NetServer) NetServer.prototype.close.call(server)
  else server.close()
}
