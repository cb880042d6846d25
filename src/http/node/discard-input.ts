import type { Socket } from 'node:net'

/**
 * Reads on from a connection without parsing what arrives.
 * Relies on: Node feeds its HTTP parser by a listener for `data`, or from the handle until another
 * such listener is added. So this replaces the listener.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: a request after our side was closed reaches its handler, whose response is lost.
 */
export function discardInput(socket: Socket, onData: () => void): void {
  socket.removeAllListeners('data')
  socket.on('data', onData)
}
