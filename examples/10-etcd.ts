// etcd: clients find the instance there while it serves, and no longer when the shutdown begins.
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
  // If etcd is not reachable yet, this tries again. The instance serves meanwhile.
  if (await registration.register(url)) console.log('registered')
})

// `docker stop` sends SIGKILL after 10 s. Without this option, lastcall uses the default of the platform.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(registration)
// Clients that watch etcd notice within milliseconds, but may have chosen this instance just before.
shutdown.add(httpServer(server, { health, lameDuck: { atLeast: '500ms' } }))
shutdown.add('postgres', () => pool.end())

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()
