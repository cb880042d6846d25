// Hono on Node: answers the requests in flight, then flushes the events, then closes the pool.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { createShutdown, formatReport } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'
import { Events, Pool } from './support/stand-ins.ts'

const pool = new Pool()
const events = new Events()
const health = healthChecks()

const app = new Hono()
app.get('/orders/:id', async (c) => {
  const order = await pool.query(c.req.param('id'))
  events.append({ type: 'order read', id: order.id })
  return c.json(order)
})

// This does what serve() does, with GET /livez and GET /readyz before Hono. A middleware that returns
// RESPONSE_ALREADY_SENT does not work: Hono answers HEAD requests itself, and probers send those, too.
const handle = getRequestListener(app.fetch)
const server = createServer((request, response) => {
  if (!health(request, response)) handle(request, response)
})
server.listen(Number(process.env.PORT ?? 3000), () => {
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
