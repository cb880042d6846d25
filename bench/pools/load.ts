import { within } from '../peers/within.ts'

/** How many requests a second there are, on average. */
export const RATE = 50
/** Longer than a stop may take, in milliseconds: what is not answered by then is cut off. */
const PATIENCE = 20_000

export type Method = 'GET' | 'POST'

/** Sends a request; resolves to the status when the answer is complete. */
export type Send = (method: Method, path: string) => Promise<number>

/**
 * Requests at random moments, with exponential gaps. Each is sent when its time has come, whether the
 * others are answered or not: a client that waits for its answer would not send what could be lost.
 */
export class PoolLoad {
  sent = 0
  answered = 0
  /** Answered with 503. */
  unavailable = 0
  /** The connection was refused: nothing was sent. */
  refused = 0
  /** Sent and not answered, or answered with another status, by method and reason. */
  readonly lost: string[] = []
  readonly #send: Send
  readonly #pending = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(send: Send) {
    this.#send = send
  }

  /** Sends so many requests at once, each of which takes a second: the pool needs a connection for each. */
  async fill(count: number): Promise<void> {
    const burst = Array.from({ length: count }, () => this.#send('GET', '/slow'))
    const bad = (await Promise.all(burst)).find((status) => status !== 200)
    if (bad !== undefined) throw new Error(`A request of the burst was answered with ${bad}`)
  }

  begin(): void {
    const gap = (-Math.log(1 - Math.random()) * 1000) / RATE
    this.#timer = setTimeout(() => {
      this.#ask(Math.random() < 0.5 ? 'GET' : 'POST')
      this.begin()
    }, gap)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Sends no more; resolves when it is known what came of each request. */
  async end(): Promise<void> {
    this.stop()
    await Promise.all(this.#pending)
  }

  #ask(method: Method): void {
    this.sent++
    const asked = within(PATIENCE, this.#send(method, '/'), 'not answered')
      .then((status) => this.#noteStatus(method, status))
      .catch((error: NodeJS.ErrnoException) => this.#noteError(method, error))
      .finally(() => this.#pending.delete(asked))
    this.#pending.add(asked)
  }

  #noteStatus(method: Method, status: number): void {
    if (status === 200) this.answered++
    else if (status === 503) this.unavailable++
    else this.lost.push(`${method} ${status}`)
  }

  #noteError(method: Method, { code, message }: NodeJS.ErrnoException): void {
    if (code === 'ECONNREFUSED') this.refused++
    else this.lost.push(`${method} ${code ?? message}`)
  }
}
