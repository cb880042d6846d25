import { RawClient } from '../support/clients/raw-client.ts'

/** Clients that ask again and again until nobody listens any more, each on connections that it keeps. */
export class Crowd {
  answered = 0
  readonly #lost: string[] = []
  readonly #clients: Promise<unknown>

  constructor(
    readonly port: number,
    { clients, secure = false }: { clients: number; secure?: boolean },
  ) {
    this.#clients = Promise.all(Array.from({ length: clients }, () => this.#ask(secure)))
  }

  async hasAnswers(count: number): Promise<void> {
    const over = this.#clients.then(() => true)
    while (this.answered < count && this.#lost.length === 0) {
      const isOver = await Promise.race([over, nextTurn()])
      if (isOver) throw new Error(`nobody listens any more after ${this.answered} answers`)
    }
  }

  /** What was sent and never answered, once the last client has been refused. */
  async lost(): Promise<readonly string[]> {
    await this.#clients
    return this.#lost
  }

  async #ask(secure: boolean): Promise<void> {
    for (;;) {
      let client: RawClient
      try {
        client = await RawClient.connect(this.port, { secure })
      } catch {
        return // Refused, which is no loss.
      }
      while (client.ending === undefined) {
        try {
          const { saysClose } = await client.get('/')
          this.answered++
          if (saysClose) break
        } catch (error) {
          this.#lost.push(String(error))
          return
        }
      }
      client.socket.destroy()
    }
  }
}

/** Somebody who asks for one path, each time on a new connection. */
export function askUntilRefused(port: number, path: string) {
  const statuses: number[] = []
  const refused = (async () => {
    for (;;) {
      const client = await RawClient.connect(port).catch(() => undefined)
      if (!client) return
      const answer = await client.get(path, { headers: { Connection: 'close' } })
      statuses.push(answer.status)
      client.socket.destroy()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  const has = async (count: number, wanted = 200) => {
    const over = refused.then(() => true)
    while (statuses.filter((status) => status === wanted).length < count) {
      const isOver = await Promise.race([over, nextTurn()])
      if (isOver) throw new Error(`refused after ${statuses}, before ${count} × ${wanted}`)
    }
  }
  return { statuses, refused, has }
}

const nextTurn = () => new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))
