// A shop that takes orders and writes them down once a second. The file stands for your database.
import { open } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { createShutdown } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'

// Every file beside this one grants 30 s. This is 5 s less, because the platform also needs time.
const shutdown = createShutdown({ grace: '25s' })
// '0s' where the platform waits before the signal, until all clients have noticed that this instance
// leaves. If it is not set, lastcall decides how long the server goes on accepting.
const lameDuck = process.env.LAME_DUCK

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
  process.send?.('ready') // PM2 waits for this during a reload; on other platforms there is no parent
})

shutdown.add(httpServer(server, { health, lameDuck }))
shutdown.add(
  'orders',
  ({ signal }) => {
    clearInterval(writing)
    return writeDown(signal)
  },
  // Three seconds are reserved for this, however long the requests take.
  { phase: 'flush', reserve: '3s' },
)
shutdown.add('book', () => book.close())
shutdown.listen()
