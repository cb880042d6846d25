import { EventEmitter } from 'node:events'
import { connect, type Socket } from 'node:net'

/** How much is taken from the kernel at a time, in bytes. */
const PIECE = 16_384
/** Nothing more comes when nothing has come for so long, in milliseconds. */
const SILENCE = 1000
const HEAD_END = '\r\n\r\n'

interface Events {
  /** The first of the body has come. */
  begin: []
  /** The answer is complete, the connection is closed, or nothing more comes. */
  end: []
}

/** Asks for one answer, and reads so many bytes of it a second. The rest waits in the kernel. */
export class SlowClient extends EventEmitter<Events> {
  /** Bytes of the body that it has read. */
  received = 0
  readonly #rate: number
  readonly #socket: Socket
  #beganAt = 0
  #head = ''
  #length = Number.POSITIVE_INFINITY
  #silence: NodeJS.Timeout | undefined
  #hasEnded = false

  constructor(port: number, path: string, rate: number) {
    super()
    this.#rate = rate
    const onread = { buffer: Buffer.alloc(PIECE), callback: this.#take }
    this.#socket = connect({ port, host: '127.0.0.1', onread })
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost${HEAD_END}`)
    this.#socket.on('error', () => {}) // 'close' follows
    this.#socket.on('close', this.#end)
  }

  /** Returns false, which stops the reading, until the piece would have come at its rate. */
  readonly #take = (count: number, buffer: Uint8Array): boolean => {
    clearTimeout(this.#silence)
    this.received += this.#length === Number.POSITIVE_INFINITY ? this.#bodyIn(count, buffer) : count
    if (this.received >= this.#length) {
      this.#end()
      return false
    }
    const due = this.#beganAt + (this.received / this.#rate) * 1000
    setTimeout(this.#readOn, due - performance.now())
    return false
  }

  readonly #readOn = (): void => {
    this.#silence = setTimeout(this.#end, SILENCE)
    this.#socket.resume()
  }

  /** How much of what has come belongs to the body, and not to the head before it. */
  #bodyIn(count: number, buffer: Uint8Array): number {
    this.#head += Buffer.from(buffer.subarray(0, count)).toString('latin1')
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) return 0
    this.#length = Number(/content-length: (\d+)/i.exec(this.#head)?.[1])
    this.#beganAt = performance.now()
    this.emit('begin')
    return this.#head.length - end - HEAD_END.length
  }

  readonly #end = (): void => {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#silence)
    this.#socket.destroy()
    this.emit('end')
  }
}
