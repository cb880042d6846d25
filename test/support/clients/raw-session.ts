import { once } from 'node:events'
import { connect as connectPlainly, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls'
import type { Ending } from './raw-client.ts'

/** A frame of HTTP/2 (RFC 9113, 4.1), as it came. */
export interface Frame {
  readonly type: string
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** An answer that has come in full. */
export interface StreamAnswer {
  readonly status: number
  readonly body: string
}

export interface RawSessionOptions {
  readonly secure?: boolean
  /** Whether it sends what a client has to begin with. Default: yes. */
  readonly greets?: boolean
  /** Whether it answers PINGs by itself. Default: yes; otherwise `pong()` does. */
  readonly answersPings?: boolean
  /** How much of each answer it lets come, until `allow()`. Default: 65,535 bytes. */
  readonly window?: number
}

export interface StreamOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether this is all of the request. Default: yes. */
  readonly ends?: boolean
}

const TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
]

const END_STREAM = 1
const ACK = 1
const END_HEADERS = 4

/** The last stream's id in the notice that a server is about to go away. */
export const EVERY_STREAM = 2 ** 31 - 1

/** A client of HTTP/2 that sends just the frames it is told to, and keeps those that come. */
export class RawSession {
  readonly frames: Frame[] = []
  /** How the server's side ended. */
  ending: Ending | undefined
  answersPings: boolean
  readonly socket: Socket
  readonly #pings: Buffer[] = []
  readonly #waiting = new Set<() => void>()
  #received: Buffer = Buffer.alloc(0)
  #nextStream = 1
  #hasGreeted = false

  /** On a socket that is connected. */
  constructor(
    socket: Socket,
    { greets = true, answersPings = true, window = 65_535 }: RawSessionOptions = {},
  ) {
    this.socket = socket
    this.answersPings = answersPings
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#read()
    })
    socket.on('end', () => {
      this.ending ??= 'FIN'
      this.#changed()
    })
    socket.on('error', () => {
      this.ending = 'RST'
      this.#changed()
    })
    socket.on('close', () => this.#changed())
    if (greets) this.greet(window)
  }

  /** Rejects where the connection is refused. */
  static async connect(to: number | string, options: RawSessionOptions = {}): Promise<RawSession> {
    const { secure = false } = options
    const where = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : { path: to }
    // It closes its side when it is told to, and not when the server closes its own.
    const plain = connectPlainly({ ...where, allowHalfOpen: true })
    const socket = secure ? secured(plain) : plain
    await once(socket, secure ? 'secureConnect' : 'connect')
    return new RawSession(socket, options)
  }

  /** The preface, and settings: no table of headers to remember, and the window of each stream. */
  greet(window = 65_535): void {
    this.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))
    this.send(frame('SETTINGS', 0, 0, Buffer.concat([setting(1, 0), setting(4, window)])))
    this.#hasGreeted = true
    for (const came of this.frames) this.#reply(came)
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  /** Opens a stream with a request; returns its id. */
  ask(path: string, { method = 'GET', headers = {}, ends = true }: StreamOptions = {}): number {
    const stream = this.#nextStream
    this.#nextStream += 2
    this.send(headersFrame(stream, path, { method, headers, ends }))
    return stream
  }

  data(stream: number, text: string, { ends = false } = {}): void {
    this.send(frame('DATA', ends ? END_STREAM : 0, stream, Buffer.from(text)))
  }

  /** CANCEL by default. */
  reset(stream: number, code = 8): void {
    this.send(frame('RST_STREAM', 0, stream, uint32(code)))
  }

  /** Lets so many bytes more come, on a stream, or on all of them together (0). */
  allow(stream: number, bytes: number): void {
    this.send(frame('WINDOW_UPDATE', 0, stream, uint32(bytes)))
  }

  /** Answers the oldest PING that has not been. */
  pong(): void {
    const payload = this.#pings.shift()
    if (!payload) throw new Error('No PING to answer')
    this.send(frame('PING', ACK, 0, payload))
  }

  /** Says that we go away, and open no more streams. */
  goaway(): void {
    this.send(frame('GOAWAY', 0, 0, Buffer.alloc(8)))
  }

  /** A PING of ours: its answer says that all before it has been read. */
  ping(): void {
    this.send(frame('PING', 0, 0, Buffer.alloc(8)))
  }

  /** What came, one line for each frame; a server's WINDOW_UPDATEs, which tell nothing here, left out. */
  get log(): string[] {
    return this.frames.filter(({ type }) => type !== 'WINDOW_UPDATE').map(lineOf)
  }

  /** The last streams' ids of the GOAWAYs that came. */
  get goaways(): number[] {
    return this.frames
      .filter(({ type }) => type === 'GOAWAY')
      .map(({ payload }) => payload.readUInt32BE(0))
  }

  /** Waits until the log holds such a line so many times. */
  async sees(line: string | RegExp, times = 1): Promise<void> {
    const count = () =>
      this.log.filter((had) => (typeof line === 'string' ? had === line : line.test(had))).length
    await this.#until(() => count() >= times || this.#isOver)
    if (count() < times) throw new Error(`${this.ending} before ${line}: ${this.log.join(', ')}`)
  }

  /** The answer on a stream, once it has come in full; rejects where it does not. */
  async answer(stream: number): Promise<StreamAnswer> {
    const own = () => this.frames.filter((frame) => frame.stream === stream)
    const isFull = () => own().some(({ type, flags }) => isMessage(type) && flags & END_STREAM)
    const isReset = () => own().some(({ type }) => type === 'RST_STREAM')
    await this.#until(() => isFull() || isReset() || this.#isOver)
    if (!isFull()) throw new Error(`No answer on ${stream}: ${this.log.join(', ')} ${this.ending}`)
    return { status: this.status(stream) ?? 0, body: this.body(stream) }
  }

  /** Opens a stream, and waits for the answer on it. */
  async get(path: string, options?: StreamOptions): Promise<StreamAnswer> {
    return this.answer(this.ask(path, options))
  }

  /** The final status of a stream's answer, if it has come. */
  status(stream: number): number | undefined {
    return this.frames
      .filter((frame) => frame.stream === stream && frame.type === 'HEADERS')
      .map(({ payload }) => statusOf(payload))
      .find((status) => status !== undefined && status >= 200)
  }

  /** As much as has come of a stream's answer. */
  body(stream: number): string {
    const data = this.frames.filter((frame) => frame.stream === stream && frame.type === 'DATA')
    return Buffer.concat(data.map(({ payload }) => payload)).toString()
  }

  /** Waits until so much has come of a stream's answer. */
  async has(stream: number, text: string): Promise<void> {
    await this.#until(() => this.body(stream).includes(text) || this.#isOver)
    if (!this.body(stream).includes(text)) throw new Error(`${this.ending} before '${text}'`)
  }

  /** Waits for the server to end its side; ends ours then, unless told otherwise. */
  async ended({ stays = false } = {}): Promise<Ending | undefined> {
    await this.#until(() => this.#isOver)
    if (!stays) this.socket.end()
    return this.ending
  }

  /** Waits until both sides are closed. */
  async closed(): Promise<void> {
    await this.#until(() => this.socket.destroyed)
  }

  get #isOver(): boolean {
    return this.ending !== undefined || this.socket.destroyed
  }

  #read(): void {
    while (this.#received.length >= 9) {
      const length = this.#received.readUIntBE(0, 3)
      if (this.#received.length < 9 + length) break
      const [type = 0, flags = 0] = [this.#received[3], this.#received[4]]
      const stream = this.#received.readUInt32BE(5)
      const payload = Buffer.from(this.#received.subarray(9, 9 + length))
      this.#received = this.#received.subarray(9 + length)
      this.#take({ type: TYPES[type] ?? `type ${type}`, flags, stream, payload })
    }
    this.#changed()
  }

  #take(came: Frame): void {
    this.frames.push(came)
    if (this.#hasGreeted) this.#reply(came)
  }

  #reply({ type, flags, payload }: Frame): void {
    if (flags & ACK || this.socket.writableEnded) return
    if (type === 'SETTINGS') this.send(frame('SETTINGS', ACK, 0))
    if (type !== 'PING') return
    this.#pings.push(payload)
    if (this.answersPings) this.pong()
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look()
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }
}

/** TLS on a socket that is connected, or will be. */
export function secured(socket: Socket): Socket {
  return connectSecurely({
    socket,
    allowHalfOpen: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  } as ConnectionOptions)
}

/** The bytes of a frame. */
function frame(
  type: string,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = TYPES.indexOf(type)
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** The bytes of a request's head. */
export function headersFrame(
  stream: number,
  path: string,
  { method = 'GET', headers = {}, ends = true }: StreamOptions = {},
): Buffer {
  const fields = {
    ':method': method,
    ':scheme': 'http',
    ':authority': 'localhost',
    ':path': path,
    ...headers,
  }
  const block = Buffer.concat(Object.entries(fields).map(([name, value]) => literal(name, value)))
  return frame('HEADERS', END_HEADERS | (ends ? END_STREAM : 0), stream, block)
}

function lineOf({ type, flags, stream, payload }: Frame): string {
  if (type === 'SETTINGS' || type === 'PING') return flags & ACK ? `${type} ack` : type
  if (type === 'GOAWAY') return `GOAWAY ${payload.readUInt32BE(0)}, code ${payload.readUInt32BE(4)}`
  if (type === 'RST_STREAM') return `RST_STREAM ${stream}, code ${payload.readUInt32BE(0)}`
  const end = isMessage(type) && flags & END_STREAM ? ', end' : ''
  if (type === 'HEADERS') return `HEADERS ${stream}: ${statusOf(payload) ?? 'trailers'}${end}`
  return `${type} ${stream}${end}`
}

function isMessage(type: string): boolean {
  return type === 'HEADERS' || type === 'DATA'
}

function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A field that is written out, and not to be remembered (RFC 7541, 6.2.2). */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)])
}

function text(value: string): Buffer {
  if (value.length > 126) throw new Error('Too long for a length of one byte')
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
}

/** The statuses in HPACK's static table, from its index 8 on. */
const STATUSES = [200, 204, 206, 304, 400, 404, 500]

/** `:status`, which comes first in a head; trailers have none. */
function statusOf(block: Buffer): number | undefined {
  let at = 0
  // A change of the size of the table, which our settings ask for (RFC 7541, 6.3).
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++
  const first = block[at] ?? 0
  if (first & 0x80) return STATUSES[(first & 0x7f) - 8]
  // Literal, with a name of the static table, and a value that Huffman's code would not shorten.
  if ((first & 0x0f) !== 8) return undefined
  return Number(block.subarray(at + 2, at + 5).toString())
}
