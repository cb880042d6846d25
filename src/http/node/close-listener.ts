import { Server as NetServer } from 'node:net'
import { type AnyHttpServer, speaksHttp2 } from '../server.ts'
import { closeNow, noteOwnClose } from './hold-close.ts'

/**
 * Closes the listener of a server. On HTTP/1, keepIdleConnections() keeps its idle connections.
 * Relies on: `close()` of `net.Server` closes only the listener, also for an HTTP/2 server.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: the server's own `close()` is called. From Node 24 on it closes the sessions, which
 * then refuse new streams.
 */
export function closeListener(server: AnyHttpServer, callback?: () => void): void {
  if (!server.listening) return
  noteOwnClose(server)
  if (!speaksHttp2(server) || !(server instanceof NetServer)) closeNow(server, callback)
  else NetServer.prototype.close.call(server, callback)
}
