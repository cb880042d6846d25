import type { ServerResponse } from 'node:http'
import type { SendQueues } from '../../runtime/send-queues.ts'
import type { Deliveries } from '../deliveries.ts'
import type { Movement } from '../drain-part.ts'
import { bytesInWrite } from '../node/bytes-in-write.ts'
import type { Connection } from './connections.ts'

/** Tells work of the application from clients that hold a connection open. */
export class ConnectionActivity {
  /** Bytes that were read from and written to each upgraded connection, at the last look. */
  #bytes = new Map<Connection, number>()

  constructor(
    readonly open: ReadonlySet<Connection>,
    readonly deliveries: Deliveries<Connection>,
  ) {}

  /** Whether a handler is at work, or another hook ends an upgraded connection. */
  hasWork(): boolean {
    // One that waits for its client to read is not at work.
    const isWork = (response: ServerResponse) =>
      !response.writableEnded && !response.writableNeedDrain
    const isBusy = ({ upgraded, isHandedIn, responses }: Connection) =>
      upgraded ? isHandedIn : responses.some(isWork)
    return [...this.open].some(isBusy)
  }

  /** Whether a client has not taken all of a response that is being sent, or was sent. */
  isSlow(): boolean {
    return this.deliveries.size > 0 || this.#blocked().length > 0
  }

  /** Whether a client has taken something, or an upgraded connection was used, since the last call. */
  movement(queues: SendQueues | undefined): Movement {
    const isDelivering = this.deliveries.hasMoved(queues)
    const reading = this.#blocked().filter(({ socket }) => this.deliveries.hasRead(socket, queues))
    const before = this.#bytes
    const upgraded = [...this.open].filter((connection) => connection.upgraded)
    this.#bytes = new Map(upgraded.map((connection) => [connection, bytesOf(connection)]))
    const isUsed = upgraded.some(
      (connection) => (before.get(connection) ?? bytesOf(connection)) !== bytesOf(connection),
    )
    if (isUsed) return 'upgraded'
    return isDelivering || reading.length > 0 ? 'client' : 'none'
  }

  /** Connections whose client has not taken all of a response that is being sent. */
  #blocked(): Connection[] {
    return [...this.open].filter(({ inFlight, socket }) => inFlight > 0 && bytesInWrite(socket) > 0)
  }
}

function bytesOf({ socket }: Connection): number {
  return socket.bytesRead + socket.bytesWritten
}
