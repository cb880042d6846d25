import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { connect as connectPlainly, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'

/** What happened to the streams of all sessions. */
export interface StreamTally {
  sent: number
  answered: number
  /** Sent, and never answered in full. */
  lost: number
  /**
   * Not processed, and known not to be: refused by the server (REFUSED_STREAM, or an id above the last
   * one of its GOAWAY), or never put on the wire by the client. Safe to retry (RFC 9113 8.7).
   */
  refused: number
}

const { NGHTTP2_REFUSED_STREAM, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants

/**
 * Node's own HTTP/2 clients that go on asking: so many sessions, each with so many streams at a time;
 * after an answer comes a pause of at most `think` milliseconds, then the next stream. A session that
 * gets GOAWAY, or is closed, is replaced by a new one, until that is refused.
 */
export class Http2Clients {
  readonly tally: StreamTally = { sent: 0, answered: 0, lost: 0, refused: 0 }
  /** How those ended that had no answer. */
  readonly why = new Map<string, number>()
  /** Resolves when every session has had an answer. */
  readonly settled: Promise<void>
  /** Resolves when every session has been refused, and those before it are closed. */
  readonly over: Promise<void>
  readonly #sessions = new Set<ClientHttp2Session>()
  #stopped = false
  #unsettled: number
  #refused = 0
  #settle!: () => void
  #finish!: () => void

  constructor(
    readonly port: number,
    readonly secure: boolean,
    readonly count: number,
    readonly streams: number,
    readonly think: number,
  ) {
    this.#unsettled = count
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.over = new Promise((resolve) => {
      this.#finish = resolve
    })
    for (let n = 0; n < count; n++) this.#connect()
  }

  stop(): void {
    this.#stopped = true
    for (const session of this.#sessions) session.destroy()
  }

  #connect(): void {
    if (this.#stopped) return
    const socket = this.#open()
    const scheme = this.secure ? 'https' : 'http'
    const session = connect(`${scheme}://localhost`, { createConnection: () => socket })
    this.#sessions.add(session)
    let replaced = false
    const replace = () => {
      if (!replaced) setTimeout(() => this.#connect(), Math.random() * this.think)
      replaced = true
    }
    session.on('connect', () => {
      for (let n = 0; n < this.streams; n++) this.#ask(session, socket)
    })
    session.on('goaway', replace)
    session.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNREFUSED') return
      replaced = true
      this.#refused++
    })
    session.on('close', () => {
      this.#sessions.delete(session)
      replace()
      if (this.#refused === this.count && this.#sessions.size === 0) this.#finish()
    })
    session.once('answered', () => {
      if (--this.#unsettled === 0) this.#settle()
    })
  }

  #ask(session: ClientHttp2Session, socket: Socket): void {
    if (this.#stopped || session.closed || session.destroyed) return
    const stream = session.request({ [HTTP2_HEADER_PATH]: '/' })
    this.tally.sent++
    let status: unknown
    let body = ''
    let ended = false
    const before = socket.bytesWritten
    stream.setEncoding('latin1')
    stream.on('response', (headers) => {
      status = headers[HTTP2_HEADER_STATUS]
    })
    stream.on('data', (text) => {
      body += text
    })
    stream.on('end', () => {
      ended = true
    })
    stream.on('error', () => {}) // 'close' shows how it ended
    stream.on('close', () => {
      if (this.#stopped) return
      if (status === 200 && ended && body === 'ok') {
        this.tally.answered++
        session.emit('answered')
      } else if (stream.rstCode === NGHTTP2_REFUSED_STREAM) {
        this.tally.refused++
        this.#note('refused')
      } else if (socket.bytesWritten === before) {
        // Nothing has gone out since: its HEADERS have not either.
        this.tally.refused++
        this.#note('not sent')
      } else {
        this.tally.lost++
        this.#note(`${status ?? 'no status'}, code ${stream.rstCode}`)
      }
      setTimeout(() => this.#ask(session, socket), Math.random() * this.think)
    })
  }

  #open(): Socket {
    const where = { port: this.port, host: '127.0.0.1' }
    if (!this.secure) return connectPlainly(where)
    return connectSecurely({ ...where, ALPNProtocols: ['h2'], rejectUnauthorized: false })
  }

  #note(how: string): void {
    this.why.set(how, (this.why.get(how) ?? 0) + 1)
  }
}
