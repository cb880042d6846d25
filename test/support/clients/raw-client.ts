import { once } from 'node:events'
import { connect as connectPlainly, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'

/** An answer that has come in full. */
export interface Answer {
  readonly status: number
  /** By lower-case name; those of a header that came several times stand in one array. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly body: string
  /** Whether it says `Connection: close`. */
  readonly saysClose: boolean
}

/** How the server's side of a connection ended: it said that it is done, or it broke off. */
export type Ending = 'FIN' | 'RST'

export interface RawClientOptions {
  readonly secure?: boolean
  /** Keeps its own side open when the server has closed its. */
  readonly halfOpen?: boolean
  /** Its own address, where it is to be another client's. */
  readonly localAddress?: string
}

/** A client that sends just the bytes it is told to, and knows what became of the connection. */
export class RawClient {
  /** What came, and was not taken as an answer yet. */
  received = ''
  ending: Ending | undefined
  readonly socket: Socket
  readonly #waiting = new Set<() => void>()
  #isHead = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    const changed = () => {
      for (const look of [...this.#waiting]) look()
    }
    socket.on('data', (text: string) => {
      this.received += text
      changed()
    })
    socket.on('end', () => {
      this.ending ??= 'FIN'
      changed()
    })
    socket.on('error', () => {
      this.ending = 'RST'
      changed()
    })
    socket.on('close', changed)
  }

  /** Rejects where the connection is refused. */
  static async connect(port: number, options: RawClientOptions = {}): Promise<RawClient> {
    const { secure = false, halfOpen = false, localAddress } = options
    const where = {
      port,
      host: '127.0.0.1',
      allowHalfOpen: halfOpen,
      ...(localAddress && { localAddress }),
    }
    const socket = secure
      ? connectSecurely({ ...where, rejectUnauthorized: false })
      : connectPlainly(where)
    await once(socket, secure ? 'secureConnect' : 'connect')
    return new RawClient(socket)
  }

  /** The bytes are with the kernel when this returns. */
  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Sends a request without a body. */
  ask(path: string, { method = 'GET', headers = {} }: AskOptions = {}): void {
    this.#isHead = method === 'HEAD'
    this.send(requestOf(path, { method, headers }))
  }

  /** The next answer, once it has come in full; rejects where the connection ends before. */
  async answer(): Promise<Answer> {
    let answer: Answer | undefined
    await this.#until(() => {
      answer = this.#take()
      return answer !== undefined || this.ending !== undefined || this.socket.destroyed
    })
    if (!answer) throw new Error(`No answer: ${this.ending} after '${this.received.slice(0, 300)}'`)
    return answer
  }

  /** Waits for so many answers. */
  async answers(count: number): Promise<Answer[]> {
    const answers: Answer[] = []
    while (answers.length < count) answers.push(await this.answer())
    return answers
  }

  /** Sends a request, and waits for the answer to it. */
  async get(path: string, options?: AskOptions): Promise<Answer> {
    this.ask(path, options)
    return this.answer()
  }

  /** Waits for the server to end its side. */
  async ended(): Promise<Ending | undefined> {
    await this.#until(() => this.ending !== undefined || this.socket.destroyed)
    return this.ending
  }

  /** Waits until so much has come of what is not taken yet. */
  async has(text: string): Promise<void> {
    await this.#until(() => this.received.includes(text) || this.ending !== undefined)
    if (!this.received.includes(text)) throw new Error(`${this.ending} before '${text}'`)
  }

  /** Waits until both sides are closed. */
  async closed(): Promise<void> {
    await this.#until(() => this.socket.destroyed)
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

  #take(): Answer | undefined {
    const end = this.received.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [statusLine = '', ...lines] = this.received.slice(0, end).split('\r\n')
    const headers: Record<string, string[]> = {}
    for (const line of lines) {
      const colon = line.indexOf(':')
      const name = line.slice(0, colon).toLowerCase()
      headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()]
    }
    const status = Number(statusLine.split(' ')[1])
    const hasNone = status < 200 || status === 204 || status === 304 || this.#isHead
    const rest = this.received.slice(end + 4)
    const body = hasNone
      ? { text: '', size: 0 }
      : headers['transfer-encoding']?.includes('chunked')
        ? readChunks(rest)
        : readLength(rest, Number(headers['content-length']))
    if (!body) return undefined
    this.received = rest.slice(body.size)
    const saysClose = headers.connection?.join().toLowerCase() === 'close'
    return { status, headers, body: body.text, saysClose }
  }
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The bytes of a request without a body, or of the head of one. */
export function requestOf(path: string, { method = 'GET', headers = {} }: AskOptions = {}): string {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

function readLength(rest: string, length: number): { text: string; size: number } | undefined {
  return rest.length >= length ? { text: rest.slice(0, length), size: length } : undefined
}

function readChunks(rest: string): { text: string; size: number } | undefined {
  let text = ''
  let at = 0
  for (;;) {
    const line = rest.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(rest.slice(at, line), 16)
    const next = line + 2 + size + 2
    if (rest.length < next) return undefined
    text += rest.slice(line + 2, line + 2 + size)
    at = next
    if (size === 0) return { text, size: at }
  }
}
