// Express: requests in flight are answered, then the events are flushed, then the pool is closed.
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
