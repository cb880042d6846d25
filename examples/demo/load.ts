// Clients that keep their connections alive and never stop sending, and an exact account of them.
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import autocannon from 'autocannon'

/** What happened to the requests of all clients. */
export interface Tally {
  /** Answered in full, with 200. */
  served: number
  /** Written on a connection that was established, and never answered so. */
  lost: number
  /** Connections that were refused: nothing was written on them, and nothing is lost. */
  refused: number
}

/**
 * autocannon, counted by connection. A client whose answer says close connects anew, as HTTP
 * requires; one that is refused stops.
 */
export class Load {
  readonly tally: Tally = { served: 0, lost: 0, refused: 0 }
  /** Resolves when every client has been refused. */
  readonly over: Promise<unknown>

  constructor(url: string, connections: number) {
    this.over = autocannon({
      url,
      connections,
      // Both longer than any run: refusals end it.
      duration: 60,
      timeout: 60,
      setupClient: (client) => this.#account(client as unknown as LoadClient),
    })
  }

  #account(client: LoadClient): void {
    let current: Connection | undefined
    client.on('request', () => {
      if (client.conn !== current?.socket) {
        // By its own will autocannon leaves a connection only with the last answer in hand.
        if (current?.isTold) current.answered(this.tally)
        current = new Connection(client, this.tally)
        delete client.reconnectRate
      }
      current.pending++
    })
    client.on('headers', ({ statusCode, shouldKeepAlive }: Head) => {
      if (!current) return
      current.status = statusCode
      if (shouldKeepAlive) return
      current.isTold = true
      // It would write its next request all the same. So it reconnects after this answer instead.
      client.reconnectRate = 1
    })
    client.on('response', () => current?.answered(this.tally))
  }
}

/** The parts of autocannon's client that are used here and missing in its types. */
interface LoadClient extends EventEmitter {
  readonly conn: Socket
  readonly parser: { initialize(type: 'RESPONSE'): void }
  reconnectRate?: number
  destroy(): void
}

interface Head {
  readonly statusCode: number
  readonly shouldKeepAlive: boolean
}

class Connection {
  readonly socket: Socket
  pending = 0
  status = 0
  isTold = false
  #isEstablished = false
  #isOver = false

  constructor(client: LoadClient, tally: Tally) {
    this.socket = client.conn
    this.socket.once('connect', () => {
      this.#isEstablished = true
    })
    const end = () => {
      if (this.#isOver) return
      this.#isOver = true
      if (this.#isEstablished) {
        tally.lost += this.pending
        // It would look for the rest of a half answer on its next connection.
        if (client.conn === this.socket) client.parser.initialize('RESPONSE')
      } else {
        tally.refused++
        // It would try again at once, for ever.
        client.destroy()
      }
    }
    // Ahead of autocannon, which connects anew in its own listeners.
    this.socket.prependListener('error', end)
    this.socket.prependListener('end', end)
    this.socket.once('close', end)
  }

  answered(tally: Tally): void {
    if (this.#isOver || this.pending === 0) return
    this.pending--
    if (this.status === 200) tally.served++
    else tally.lost++
  }
}
