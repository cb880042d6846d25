// Fastify: its own app.close(), with every onClose hook, runs once, when the last request is answered.
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { createShutdown, formatReport } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'
import { Cache, Events, Pool } from './support/stand-ins.ts'

const pool = new Pool()
const cache = new Cache()
const events = new Events()
const health = healthChecks()

const app = Fastify()
app.register(health.fastify) // GET /livez and GET /readyz
app.get<{ Params: { id: string } }>('/orders/:id', async ({ params: { id } }) => {
  const order = (await cache.get(id)) ?? (await pool.query(id))
  events.append({ type: 'order read', id })
  return order
})
// As a plugin would: @fastify/redis, @fastify/mongodb and others close their clients here.
app.addHook('onClose', () => cache.disconnect())

// What `docker stop` grants. Without it the platform is asked for its own.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(httpServer(app.server, { health }))
// After the drain: from app.close() on, Fastify answers 503, and its plugins close their clients.
shutdown.add({ name: 'fastify', phase: 'stop', run: () => app.close() })
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

// Not 'localhost', Fastify's default: that opens a second server, for ::1, which `app.server` doesn't
// include. Containers need this one anyway.
await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 3000) })
console.log(`listening on http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
