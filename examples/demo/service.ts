// The service that the demo stops: clients place orders, and each order is an event for other services.

import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { Pool } from '../support/stand-ins.ts'

/** Sends events in batches, once a second. A process that ends without a last flush loses its batch. */
class Events {
  #batch: string[] = []

  constructor() {
    setInterval(() => void this.flush(), 1000).unref()
  }

  append(event: string): void {
    this.#batch.push(event)
  }

  async flush({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    await sleep(20, undefined, { signal }) // the way to the other services
    await new Promise((sent) => process.send?.(batch, sent))
  }
}

export const pool = new Pool()
export const events = new Events()

let orders = 0
const app = express()
app.post('/orders', async (_request, response) => {
  const order = await pool.query(String(++orders))
  events.append(order.id)
  response.status(201).location(`/orders/${order.id}`).json(order)
})

export const server = app.listen(0, (error) => {
  if (error) throw error
  process.send?.((server.address() as AddressInfo).port)
})
