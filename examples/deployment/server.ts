// A shop that takes orders and writes them down once a second. The file stands for your database.
import { open } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { createShutdown, type Duration } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'

// What the platform grants, less what it needs for itself: every file beside this one grants 30 s.
const shutdown = createShutdown({ grace: '25s' })
// Where the platform itself waits before the signal, so that all clients notice that this instance
// leaves, its file says 0s. Otherwise the library decides how long it goes on accepting.
const lameDuck = process.env.LAME_DUCK as Duration | undefined

const book = await open(process.env.ORDERS_FILE ?? join(tmpdir(), 'orders.log'), 'a')
let orders = ''

async function writeDown(signal?: AbortSignal): Promise<void> {
  const lines = orders
  orders = ''
  if (lines) await book.appendFile(lines, { signal })
}
const writing = setInterval(writeDown, 1000)

const health = healthChecks() // GET /livez and GET /readyz
const app = express()
app.use(health)
app.post('/orders', (_request, response) => {
  const id = crypto.randomUUID()
  orders += `${id}\n`
  response.status(201).json({ id })
})

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error
  console.log(`listening on port ${(server.address() as AddressInfo).port}`)
  process.send?.('ready') // to PM2, which then goes on with a reload; elsewhere there is no parent
})

shutdown.add(httpServer(server, { health, lameDuck }))
shutdown.add({
  name: 'orders',
  phase: 'flush',
  reserve: '3s', // kept for it, however long the requests before it take
  run: ({ signal }) => {
    clearInterval(writing)
    return writeDown(signal)
  },
})
shutdown.add({ name: 'book', phase: 'close', run: () => book.close() })
shutdown.listen()
