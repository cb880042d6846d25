import type { Socket } from 'node:net'

/**
 * Closes a connection in our own way after a response that says `Connection: close`.
 * Relies on: Node then calls `socket.destroySoon()`, which is replaced on the socket.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: Node closes both directions at once, and answers a request that arrives then by a
 * reset, which can erase a response that the client has not read yet (RFC 9112, 9.6).
 */
export function closeAfterResponse(socket: Socket, close: () => void): void {
  socket.destroySoon = close
}
