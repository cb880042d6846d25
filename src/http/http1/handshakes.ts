import type { Socket } from 'node:net'

/** The connections whose TLS handshake is not over. */
export class Handshakes {
  /** By their client's address, which is the same above TLS as below it. */
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
    // Looks up the address only where there is TLS: Node keeps it from then on.
    if (this.#sockets.size > 0) this.#sockets.delete(addressOf(socket))
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
