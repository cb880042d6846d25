import { EventEmitter, once } from 'node:events'
import { Agent, get } from 'node:http'

const CLIENTS = 20

/** Clients that go on sending to whichever instance they find, half of them on connections that they keep. */
export class Crowd extends EventEmitter<{ answer: []; failure: [] }> {
  /** Answers, by instance. */
  readonly counts = new Map<string, number>()
  readonly failures: string[] = []
  readonly #find: () => readonly string[]
  readonly #clients: Promise<void>[]
  readonly #agent = new Agent({ keepAlive: true })
  #isOver = false

  constructor(find: () => readonly string[]) {
    super()
    this.setMaxListeners(0)
    this.#find = find
    this.#clients = Array.from({ length: CLIENTS }, (_, n) => this.#run(n))
  }

  /** Resolves when so many more have been answered. */
  async answers(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await once(this, 'answer')
  }

  /** Resolves when a request fails. */
  async fails(): Promise<void> {
    if (this.failures.length === 0) await once(this, 'failure')
  }

  async stop(): Promise<this> {
    this.#isOver = true
    await Promise.all(this.#clients)
    this.#agent.destroy()
    return this
  }

  async #run(client: number): Promise<void> {
    for (let n = client; !this.#isOver; n++) {
      const found = this.#find()
      const url = found[n % found.length] ?? 'nowhere'
      try {
        const status = await ask(`${url}/orders/${n}`, client % 2 === 0 ? this.#agent : false)
        if (status !== 200) throw new Error(`status ${status}`)
        this.counts.set(url, (this.counts.get(url) ?? 0) + 1)
        this.emit('answer')
      } catch (error) {
        this.failures.push(`${url}: ${(error as Error).message}`)
        this.emit('failure')
      }
    }
  }
}

/** The status of the answer; on a connection of its own unless an agent has one. */
export function ask(url: string, agent: Agent | false = false): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      response.on('error', reject)
      response.on('end', () => resolve(response.statusCode ?? 0)).resume()
    })
    request.on('error', reject)
  })
}
