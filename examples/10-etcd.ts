// etcd: clients find the instance there while it serves, and no longer once it begins to leave.
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createShutdown, formatReport } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'
import { etcdRegistration } from './support/etcd-registration.ts'
import { Pool } from './support/stand-ins.ts'

const pool = new Pool()
const health = healthChecks()
const registration = etcdRegistration({
  hosts: (process.env.ETCD_HOSTS ?? 'http://127.0.0.1:2379').split(','),
  prefix: 'services/orders',
  id: randomUUID(),
  ttl: Number(process.env.ETCD_TTL ?? 10),
})

const app = express()
app.use(health) // GET /livez and GET /readyz
app.get('/orders/:id', async (request, response) => {
  response.json(await pool.query(request.params.id))
})

const server = app.listen(Number(process.env.PORT ?? 3000), async (error) => {
  if (error) throw error
  const url = `http://${process.env.ADDRESS ?? '127.0.0.1'}:${(server.address() as AddressInfo).port}`
  console.log(`listening on ${url}`)
  // Goes on trying where etcd isn't there yet. The instance serves meanwhile.
  if (await registration.register(url)) console.log('registered')
})

// What `docker stop` grants. Without it the platform is asked for its own.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(registration)
// Clients that watch etcd notice within milliseconds, and may have chosen this instance just before.
shutdown.add(httpServer(server, { health, lameDuck: { atLeast: '500ms' } }))
shutdown.add({ name: 'postgres', phase: 'close', run: () => pool.end() })

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()
