// Koa: requests in flight are answered, then the events are flushed, then the pool is closed.
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { createShutdown, formatReport } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'
import { Events, Pool } from './support/stand-ins.ts'

const pool = new Pool()
const events = new Events()
const health = healthChecks()

const app = new Koa()
// GET /livez and GET /readyz. Koa would answer too, with 404, while a `ready` check takes its time.
app.use(async (ctx, next) => {
  if (health(ctx.req, ctx.res)) ctx.respond = false
  else await next()
})
app.use(async (ctx) => {
  const [, id] = /^\/orders\/(\w+)$/.exec(ctx.path) ?? []
  if (id === undefined) return
  const order = await pool.query(id)
  events.append({ type: 'order read', id })
  ctx.body = order
})

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
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
