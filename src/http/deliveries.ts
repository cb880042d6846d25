import type { Socket } from 'node:net'
import { formatBytes } from '../base/bytes.ts'
import { firstTen } from '../base/summarize.ts'
import type { SendQueues } from '../runtime/send-queues.ts'
import { bytesInWrite } from './node/bytes-in-write.ts'

/** What a line for the report ends with if the client did not take all that was sent to it. */
export const NOT_TAKEN = 'not taken by the client'

/**
 * Closed on our side, but not by their clients, in the linger: the clients may still be reading. A
 * response counts as delivered when its client's system has acknowledged it.
 */
export class Deliveries<Connection extends { readonly socket: Socket }> {
  /** How many bytes each client has not taken. */
  readonly #unsent = new Map<Connection, number>()
  readonly #seen = new WeakMap<Socket, string>()

  constructor(
    /** What the connection was last used for, for the report. */
    readonly nameOf: (connection: Connection) => string,
  ) {}

  get size(): number {
    return this.#unsent.size
  }

  has(connection: Connection): boolean {
    return this.#unsent.has(connection)
  }

  add(connection: Connection): void {
    this.#unsent.set(connection, 0)
  }

  delete(connection: Connection): void {
    this.#unsent.delete(connection)
  }

  /** Destroys the connections whose clients have everything. Returns whether any client has read. */
  hasMoved(queues: SendQueues | undefined): boolean {
    let moved = false
    for (const connection of [...this.#unsent.keys()]) {
      const { socket } = connection
      const unsent = (queues?.of(socket) ?? 0) + (bytesInWrite(socket) || socket.writableLength)
      this.#unsent.set(connection, unsent)
      if (this.hasRead(socket, queues)) moved = true
      if (unsent === 0) socket.destroy()
    }
    return moved
  }

  /** Whether a client has taken some of what was sent to it since the last call. True at first. */
  hasRead(socket: Socket, queues: SendQueues | undefined): boolean {
    const state = [socket.bytesWritten, bytesInWrite(socket), queues?.of(socket)].join()
    const before = this.#seen.get(socket)
    this.#seen.set(socket, state)
    return state !== before
  }

  whatIsLeft(): string[] {
    const lines = [...this.#unsent].map(([connection, bytes]) => {
      const why = bytes > 0 ? `${formatBytes(bytes)} ${NOT_TAKEN}` : 'not closed by the client'
      return `${this.nameOf(connection)}: ${why}`
    })
    return firstTen(lines, 'response')
  }
}
