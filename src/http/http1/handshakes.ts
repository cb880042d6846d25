import type { Socket } from 'node:net'

/** The connections whose TLS handshake is not over. */
export class Handshakes {
  /** By client address and port: the same above TLS and below. */
  readonly #sockets = new Map<string, { readonly socket: Socket; readonly since: number }>()

  begin(socket: Socket, now: number): void {
    const address = addressOf(socket)
    this.#sockets.set(address, { socket, since: now })
    socket.on('close', () => {
      if (this.has(socket, address)) this.#sockets.delete(address)
    })
  }

  has(socket: Socket, address = addressOf(socket)): boolean {
    return this.#sockets.get(address)?.socket === socket
  }

  [Symbol.iterator]() {
    return this.#sockets.values()
  }

  end(socket: Socket): void {
    // Reads the address only with TLS: Node keeps it in memory afterwards.
    if (this.#sockets.size > 0) this.#sockets.delete(addressOf(socket))
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
