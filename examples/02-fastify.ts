// Fastify: calls app.close(), with every onClose hook, once, when the last request is answered.
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
// Plugins such as @fastify/redis and @fastify/mongodb close their clients in this hook, too.
app.addHook('onClose', () => cache.disconnect())

// `docker stop` sends SIGKILL after 10 s. Without this option, lastcall uses the default of the platform.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(httpServer(app.server, { health }))
// After the drain, because app.close() makes Fastify answer 503, and its plugins close their clients.
shutdown.add('fastify', () => app.close(), { phase: 'stop' })
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

// Not 'localhost', Fastify's default: it opens a second server for ::1, which is not in `app.server`.
// Containers need 0.0.0.0 anyway.
await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 3000) })
console.log(`listening on http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
