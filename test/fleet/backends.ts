import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { EtcdServer } from '../support/servers/etcd.ts'
import { PostgresServer } from '../support/servers/postgres.ts'
import { RedisServer } from '../support/servers/redis.ts'

/** What the services depend on: a database, a queue, a registry, and a folder that outlives them. */
export class Backends {
  readonly postgres = new PostgresServer()
  readonly redis = new RedisServer()
  readonly etcd = new EtcdServer()
  readonly folder = mkdtempSync(join(tmpdir(), 'fleet-'))

  async up(): Promise<void> {
    await Promise.all([this.postgres.started(), this.redis.started(), this.etcd.start()])
    await this.#query('CREATE TABLE orders (id text PRIMARY KEY, total integer NOT NULL)')
    await this.#query("INSERT INTO orders VALUES ('of-wrk', 1)")
  }

  /** What an instance has to know of them. */
  environment(name: string): NodeJS.ProcessEnv {
    return {
      POSTGRES: this.postgres.url,
      REDIS: this.redis.url,
      ETCD: this.etcd.url,
      SPOOL: join(this.folder, `${name}.events.json`),
    }
  }

  /** The ids of all orders in PostgreSQL. */
  async orders(): Promise<Set<string>> {
    const rows = await this.#query('SELECT id FROM orders')
    return new Set(rows.map(({ id }) => id))
  }

  /** The ids of all orders whose events are in Redis, and how many events are there twice. */
  async events(): Promise<{ ids: Set<string>; repeated: number }> {
    const redis = new Redis(this.redis.url)
    const events = await redis.lrange('events', 0, -1)
    redis.disconnect()
    const ids = new Set(events.map((event) => JSON.parse(event).id))
    return { ids, repeated: events.length - ids.size }
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.postgres.stop(), this.redis.stop(), this.etcd.remove()])
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #query(statement: string): Promise<{ id: string }[]> {
    const client = new Client({ connectionString: this.postgres.url })
    await client.connect()
    try {
      const { rows } = await client.query(statement)
      return rows
    } finally {
      await client.end()
    }
  }
}
