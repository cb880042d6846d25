// Hono on Node: requests in flight are answered, then the events are flushed, then the pool is closed.
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

// What serve() does, with GET /livez and GET /readyz ahead of Hono. A middleware that returns
// RESPONSE_ALREADY_SENT would not do: to a HEAD, which probers send too, Hono answers all the same.
const handle = getRequestListener(app.fetch)
const server = createServer((request, response) => {
  if (!health(request, response)) handle(request, response)
})
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

// What `docker stop` grants. Without it the platform is asked for its own.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(httpServer(server, { health }))
shutdown.add({
  name: 'events',
  phase: 'flush',
  // However long the requests before it take, two seconds are left for this.
  reserve: '2s',
  run: async ({ signal, note }) => {
    await events.flush({ signal })
    note(`${events.delivered} events delivered`)
  },
})
shutdown.add({ name: 'postgres', phase: 'close', run: () => pool.end() })

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()
