import type { Socket } from 'node:net'

/**
 * Finds the socket that a TLS socket encrypts: the one that the server's event `connection` brought.
 * Relies on: Node keeps it in the TLS socket's `_parent`. It is only read here.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12. Not where the server was given a stream that is no
 * socket.
 * Without it: a handshake is found by the client's address. On a Unix socket there is none: the oldest
 * handshake counts as finished, so a stalled one may hold the drain up and a slow one may be cut off.
 */
export function socketBelowTls(socket: Socket): Socket | undefined {
  return (socket as { _parent?: Socket | null })._parent ?? undefined
}
