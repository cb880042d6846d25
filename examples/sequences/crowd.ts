import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { now } from './clock.ts'

/** How a request went: answered, refused before it was sent, or lost. */
export interface Request {
  readonly kind: 'client' | 'slow' | 'prober'
  readonly began: number
  readonly ended: number
  readonly outcome: number | 'refused' | 'lost'
  /** Which process has answered it. */
  readonly by?: number
}

export interface CrowdOptions {
  readonly port: number
  /** Whether each request has its own connection, like those that a proxy opens. Default false. */
  readonly newConnections?: boolean
}

const CLIENTS = 8
const PROBE_EVERY = 250

/** Eight clients who never stop asking, a prober, and one request that takes long, before the stop begins. */
export class Crowd {
  readonly requests: Request[] = []
  readonly #port: number
  readonly #agent: Agent
  readonly #keepAlive: boolean
  #isOver = false
  readonly #done: Promise<unknown>
  #slow: Promise<void> | undefined

  constructor({ port, newConnections = false }: CrowdOptions) {
    this.#port = port
    this.#keepAlive = !newConnections
    this.#agent = new Agent({ keepAlive: this.#keepAlive })
    this.#done = Promise.all([
      this.#probe(),
      ...Array.from({ length: CLIENTS }, () => this.#askAgainAndAgain()),
    ])
  }

  /** Sends the one that takes long. */
  askSlowly(takes: number): void {
    this.#slow = this.#ask('slow', `/?takes=${takes}`, this.#agent).then(() => {})
  }

  /** Sends no more requests, and waits until those that were sent are answered or lost. */
  async leave(): Promise<void> {
    this.#isOver = true
    await this.#done
    await this.#slow
    this.#agent.destroy()
  }

  async #askAgainAndAgain(): Promise<void> {
    const agent = new Agent({ keepAlive: this.#keepAlive, maxSockets: 1 })
    while (!this.#isOver) {
      const outcome = await this.#ask('client', '/', agent)
      if (typeof outcome === 'string') await sleep(50)
    }
    agent.destroy()
  }

  async #probe(): Promise<void> {
    while (!this.#isOver) {
      const began = now()
      await this.#ask('prober', '/readyz', new Agent())
      await sleep(Math.max(0, PROBE_EVERY - (now() - began)))
    }
  }

  #ask(kind: Request['kind'], path: string, agent: Agent): Promise<Request['outcome']> {
    const began = now()
    return new Promise((resolve) => {
      const settle = (outcome: Request['outcome'], by = {}) => {
        this.requests.push({ kind, began, ended: now(), outcome, ...by })
        resolve(outcome)
      }
      const fail = (error: NodeJS.ErrnoException) =>
        settle(error.code === 'ECONNREFUSED' ? 'refused' : 'lost')
      const request = get({ host: '127.0.0.1', port: this.#port, path, agent }, (response) => {
        response.once('error', fail)
        const by = { by: Number(response.headers['x-shop']) }
        response.once('end', () => settle(response.statusCode ?? 0, by))
        response.resume()
      })
      request.once('error', fail)
    })
  }
}
