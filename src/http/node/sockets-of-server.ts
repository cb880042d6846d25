import type { Socket } from 'node:net'
import { activeHandles } from '../../runtime/node/active-handles.ts'

/**
 * Lists the open sockets that a server has accepted, also those that no longer speak HTTP. With TLS they
 * are the sockets below it.
 * Relies on: a socket's `server`, which Node sets when it accepts the socket. It is only read.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: WebSockets that were opened before the server was passed in hold the drain to its limit.
 */
export function socketsOfServer(server: object): Socket[] {
  return activeHandles().filter(
    (handle): handle is Socket =>
      (handle as { server?: unknown }).server === server && 'destroyed' in handle,
  )
}
