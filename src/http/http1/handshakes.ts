import type { Socket } from 'node:net'
import { socketBelowTls } from '../node/socket-below-tls.ts'

/** The connections whose TLS handshake is not over. */
export class Handshakes {
  /** The sockets below TLS, with the time at which they were opened. */
  readonly #since = new Map<Socket, number>()

  get size(): number {
    return this.#since.size
  }

  begin(socket: Socket, now: number): void {
    this.#since.set(socket, now)
    socket.on('close', () => this.#since.delete(socket))
  }

  has(socket: Socket): boolean {
    return this.#since.has(socket)
  }

  *[Symbol.iterator](): Iterator<{ readonly socket: Socket; readonly since: number }> {
    for (const [socket, since] of this.#since) yield { socket, since }
  }

  /** @param socket the one that TLS or a server without TLS gives to HTTP */
  end(socket: Socket): void {
    if (this.#since.size === 0) return
    const below = socketBelowTls(socket)
    if (below) return void this.#since.delete(below)
    // Node keeps an address in memory once it has been read.
    const address = addressOf(socket)
    for (const other of this.#since.keys()) {
      if (addressOf(other) === address) return void this.#since.delete(other)
    }
  }
}

/** The same above TLS and below. */
function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
