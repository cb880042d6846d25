// Clients that keep their connections alive and never stop sending, and an exact account of them.
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import autocannon from 'autocannon'

/** What happened to the requests of all clients. */
export interface Tally {
  /** The orders that were answered in full with 201, by their location. */
  readonly orders: Set<string>
  /** Requests that were sent on an established connection, and never answered so. */
  lost: number
}

/**
 * autocannon, counted by connection. A client whose response says close connects anew, as HTTP
 * requires. A client that is refused stops: it has sent nothing, so it has lost nothing.
 */
export class Load {
  readonly tally: Tally = { orders: new Set(), lost: 0 }
  /** Resolves when every client has had a response, so that the server has accepted all connections. */
  readonly settled: Promise<void>
  /** Resolves when every client has been refused. */
  readonly over: Promise<unknown>

  constructor(url: string, connections: number) {
    let settle = () => {}
    this.settled = new Promise((resolve) => {
      settle = resolve
    })
    let waiting = connections
    const firstResponse = () => {
      if (--waiting === 0) settle()
    }
    this.over = autocannon({
      url,
      method: 'POST',
      connections,
      // Both longer than any run: refusals end it.
      duration: 60,
      timeout: 60,
      setupClient: (client) => {
        client.once('response', firstResponse)
        this.#account(client as unknown as LoadClient)
      },
    })
  }

  #account(client: LoadClient): void {
    let current: Connection | undefined
    client.on('request', () => {
      if (client.conn !== current?.socket) {
        // By itself autocannon leaves a connection only after the last response on it.
        if (current?.closes) current.answered()
        current = new Connection(client, this.tally)
        delete client.reconnectRate
      }
      current.pending++
    })
    client.on('headers', ({ statusCode, shouldKeepAlive, headers }: Head) => {
      if (!current) return
      const location = headers.findIndex((name) => name.toLowerCase() === 'location')
      current.order = statusCode === 201 ? headers[location + 1] : undefined
      if (shouldKeepAlive) return
      current.closes = true
      // It would write its next request all the same. So it reconnects after this response instead.
      client.reconnectRate = 1
    })
    client.on('response', () => current?.answered())
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
  /** Names and values in turn. */
  readonly headers: readonly string[]
}

class Connection {
  readonly socket: Socket
  readonly #tally: Tally
  pending = 0
  /** The location of the order whose response is arriving. */
  order: string | undefined
  /** Whether its response says `Connection: close`. */
  closes = false
  #isEstablished = false
  #isOver = false

  constructor(client: LoadClient, tally: Tally) {
    this.#tally = tally
    this.socket = client.conn
    this.socket.once('connect', () => {
      this.#isEstablished = true
    })
    const end = () => {
      if (this.#isOver) return
      this.#isOver = true
      if (this.#isEstablished) {
        tally.lost += this.pending
        // It would look for the rest of a half response on its next connection.
        if (client.conn === this.socket) client.parser.initialize('RESPONSE')
      } else {
        // It would try again at once, for ever.
        client.destroy()
      }
    }
    // Ahead of autocannon, which connects anew in its own listeners.
    this.socket.prependListener('error', end)
    this.socket.prependListener('end', end)
    this.socket.once('close', end)
  }

  answered(): void {
    if (this.#isOver || this.pending === 0) return
    this.pending--
    if (this.order === undefined) this.#tally.lost++
    else this.#tally.orders.add(this.order)
  }
}
