// What both services do. An order is a row in PostgreSQL, written before it is acknowledged, and an event,
// which is acknowledged first: events go to Redis in batches.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import type { Hook } from 'lastcall'
import { Pool } from 'pg'

export interface Order {
  readonly id: string
  readonly total: number
}

/** Orders in a table of PostgreSQL. */
export class Orders {
  readonly #pool: Pool

  constructor(connectionString: string) {
    this.#pool = new Pool({ connectionString, max: 5 })
    // The pool replaces an unused connection that is lost: no reason to end.
    this.#pool.on('error', (error) => console.error(`PostgreSQL: ${error.message}`))
  }

  /** Resolves when the order is committed. Placed again under the same id it is the same order. */
  async place({ id, total }: Order): Promise<void> {
    await this.#pool.query(
      'INSERT INTO orders (id, total) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING',
      [id, total],
    )
  }

  async find(id: string): Promise<Order | undefined> {
    const { rows } = await this.#pool.query<Order>('SELECT id, total FROM orders WHERE id = $1', [
      id,
    ])
    return rows[0]
  }

  close(): Promise<void> {
    return this.#pool.end()
  }
}

/** More of them at once would be more arguments than a function takes. */
const LARGEST_BATCH = 1000

/** Events on their way to a list in Redis, a batch each 250 ms, each at least once. */
export class Events {
  delivered = 0
  readonly #redis: Redis
  readonly #spool: string
  readonly #timer: NodeJS.Timeout
  #waiting: string[] = []
  /** Whether there is such a file, with some of those that wait. */
  #isSpooled: boolean
  #isClosed = false
  #sending: Promise<void> = Promise.resolve()

  /** What could not be delivered is left in the file `spool`, and taken from there at the next start. */
  constructor(path: string, spool: string) {
    this.#redis = new Redis(path)
    this.#redis.on('error', (error) => console.error(`Redis: ${error.message}`))
    this.#spool = spool
    this.#isSpooled = existsSync(spool)
    if (this.#isSpooled) this.#waiting = this.#readSpool()
    this.#timer = setInterval(() => void this.flush().catch(() => {}), 250).unref()
  }

  append(event: object): void {
    this.#waiting.push(JSON.stringify(event))
  }

  /** Resolves when everything that was appended before is in Redis. Rejects when the signal aborts. */
  async flush(signal?: AbortSignal): Promise<void> {
    this.#sending = this.#sending.catch(() => {}).then(() => this.#send())
    await (signal ? Promise.race([this.#sending, aborted(signal)]) : this.#sending)
  }

  /** Writes the undelivered events into a file: synchronously, because there may be time for nothing else. */
  spool(): number {
    // The file also has the batch that is on its way, some of which Redis may still take.
    this.close()
    // Whole or not at all: a SIGKILL may come in the middle of it.
    const draft = `${this.#spool}.draft`
    writeFileSync(draft, JSON.stringify(this.#waiting))
    renameSync(draft, this.#spool)
    return this.#waiting.length
  }

  close(): void {
    clearInterval(this.#timer)
    this.#isClosed = true
    this.#redis.disconnect()
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, LARGEST_BATCH)
      await this.#redis.rpush('events', ...batch)
      // They may have been written into the file in the meantime: twice is better than never.
      if (this.#isClosed) return
      this.#waiting.splice(0, batch.length)
      this.delivered += batch.length
    }
    if (this.#isSpooled) rmSync(this.#spool, { force: true })
    this.#isSpooled = false
  }

  /** What can't be read is put aside: an instance that never starts again would lose more. */
  #readSpool(): string[] {
    try {
      return JSON.parse(readFileSync(this.#spool, 'utf8'))
    } catch (error) {
      console.error(`Events in ${this.#spool}.broken could not be read: ${error}`)
      renameSync(this.#spool, `${this.#spool}.broken`)
      return []
    }
  }
}

/** Sends the events when no request adds any more, and then closes both databases. */
export function storageHooks(orders: Orders, events: Events): Hook[] {
  return [
    {
      name: 'events',
      phase: 'flush',
      // However long the requests before it take, two seconds are kept for this.
      reserve: '2s',
      // Events that Redis has not taken by then are safer in the file.
      timeout: '3s',
      run: async ({ signal, note }) => {
        try {
          await events.flush(signal)
          note(`${events.delivered} events delivered`)
        } catch (error) {
          note(`${events.spool()} events left in a file, for the next start`)
          throw error
        }
      },
    },
    { name: 'redis', phase: 'close', run: () => events.close() },
    { name: 'postgres', phase: 'close', run: () => orders.close() },
  ]
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
