import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'

/** What happened to the requests of all clients. */
export interface Tally {
  sent: number
  answered: number
  /** Sent, and never answered. */
  lost: number
  /** Connections that were refused: nothing had been sent on them. */
  refused: number
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

/**
 * HTTP clients that keep their connections alive and go on sending: after each answer comes a pause
 * of at most `think` milliseconds, then the next request. One that gets `Connection: close`, or
 * sees the connection end, connects anew, and stops when it is refused.
 */
export class Clients {
  readonly tally: Tally = { sent: 0, answered: 0, lost: 0, refused: 0 }
  readonly why = new Map<string, number>()
  /**
   * Resolves when every client has had an answer. Before, some are connected in their own eyes only:
   * a burst of connections overflows the kernel's queue, and it resets what never got into it.
   */
  readonly settled: Promise<void>
  /** Resolves when every client has been refused. */
  readonly over: Promise<void>
  readonly #sockets = new Set<Socket>()
  #stopped = false
  #unsettled: number
  #settle!: () => void
  #finish!: () => void

  constructor(
    readonly port: number,
    readonly count: number,
    readonly think: number,
    readonly secure = false,
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
    for (const socket of this.#sockets) socket.destroy()
  }

  #connect(): void {
    if (this.#stopped) return
    const socket = this.#open().setNoDelay(true)
    this.#sockets.add(socket)
    let answer = ''
    let waits = false
    let ended = false
    let first = true
    let timer: NodeJS.Timeout | undefined
    const send = () => {
      if (ended || this.#stopped) return
      waits = true
      answer = ''
      this.tally.sent++
      socket.write(REQUEST)
    }
    const end = (why: string) => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      this.#sockets.delete(socket)
      socket.destroy()
      if (this.#stopped) return
      if (waits) {
        this.tally.lost++
        this.why.set(why, (this.why.get(why) ?? 0) + 1)
      }
      if (why !== 'ECONNREFUSED') this.#connect()
      else if (++this.tally.refused === this.count) this.#finish()
    }
    socket.on(this.secure ? 'secureConnect' : 'connect', send)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      const head = answer.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0)
      if (answer.length < head + 4 + length) return
      waits = false
      this.tally.answered++
      if (first && --this.#unsettled === 0) this.#settle()
      first = false
      if (/^connection: close/im.test(answer.slice(0, head))) return end('said close')
      timer = setTimeout(send, Math.random() * this.think)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    socket.on('end', () => end('ended'))
    socket.on('close', () => end('closed'))
  }

  #open(): Socket {
    const where = { port: this.port, host: '127.0.0.1' }
    return this.secure ? connectSecurely({ ...where, rejectUnauthorized: false }) : connect(where)
  }
}
