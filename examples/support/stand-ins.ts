// Stand-ins in memory for what a service uses: the pool of a database, a cache, a client for events.
import { setTimeout as sleep } from 'node:timers/promises'

export interface Order {
  readonly id: string
  readonly total: number
}

/** Stands for the Pool of `pg`. A query takes 10 ms. After `end()`, a query fails. */
export class Pool {
  #queries = 0
  #isEnded = false

  async query(id: string): Promise<Order> {
    if (this.#isEnded) throw new Error('The pool is closed')
    this.#queries++
    await sleep(10)
    return { id, total: id.length * 100 }
  }

  async end(): Promise<void> {
    this.#isEnded = true
    await sleep(5)
    console.log(`pool closed after ${this.#queries} queries`)
  }
}

/** Stands for the client of a cache. An answer takes 2 ms. `disconnect()` cuts off pending answers. */
export class Cache {
  #running = 0
  #isConnected = true

  async get(_key: string): Promise<Order | undefined> {
    this.#running++
    await sleep(2)
    this.#running--
    if (!this.#isConnected) throw new Error('The cache is disconnected')
    return undefined
  }

  async disconnect(): Promise<void> {
    this.#isConnected = false
    console.log(`cache disconnected with ${this.#running} commands running`)
  }
}

/**
 * Stands for a client that sends events in batches, once a second. Events that it still holds when the
 * process ends are lost, unless they are flushed.
 */
export class Events {
  delivered = 0
  readonly #buffer: object[] = []
  #sending: Promise<void> = Promise.resolve()

  constructor() {
    setInterval(() => void this.flush(), 1000).unref()
  }

  append(event: object): void {
    this.#buffer.push(event)
  }

  /** Resolves when everything that was appended before has been delivered. */
  flush({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const sent = this.#sending.then(async () => {
      const count = this.#buffer.length
      if (count > 0) await sleep(20, undefined, { signal })
      this.#buffer.splice(0, count)
      this.delivered += count
    })
    // Events that could not be sent stay in the buffer for the next time.
    this.#sending = sent.catch(() => {})
    return sent
  }
}
