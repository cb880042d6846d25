// Express: answers the requests in flight, then flushes the events, then closes the pool.
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createShutdown, formatReport } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'
import { Events, Pool } from './support/stand-ins.ts'

const pool = new Pool()
const events = new Events()
const health = healthChecks()

const app = express()
app.use(health) // GET /livez and GET /readyz
app.get('/orders/:id', async (request, response) => {
  const order = await pool.query(request.params.id)
  events.append({ type: 'order read', id: order.id })
  response.json(order)
})

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

// `docker stop` sends SIGKILL after 10 s. Without this option, lastcall uses the default of the platform.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(httpServer(server, { health }))
shutdown.add(
  'events',
  async ({ signal, note }) => {
    await events.flush({ signal })
    note(`${events.delivered} events delivered`)
  },
  // Two seconds are reserved for this, however long the requests take.
  { phase: 'flush', reserve: '2s' },
)
shutdown.add('postgres', () => pool.end())

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()
