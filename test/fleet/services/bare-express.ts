// The service of examples/fleet/express.ts, ended by `server.close()` alone.
import type { AddressInfo } from 'node:net'
import express from 'express'
import { instance } from '../../../examples/fleet/instance.ts'
import { Events, Orders } from '../../../examples/fleet/orders.ts'
import { etcdRegistration } from '../../../examples/support/etcd-registration.ts'

const { name, port, keepAliveTimeout, postgres, redis, spool, etcd } = instance
const orders = new Orders(postgres)
const events = new Events(redis, spool)

const app = express()
app.get('/readyz', (_request, response) => {
  response.send('ok\n')
})
app.post('/orders', express.json(), async ({ body: { id, total } }, response) => {
  await orders.place({ id, total })
  events.append({ type: 'placed', id })
  response.status(201).json({ id, total })
})
app.get('/orders/:id', async (request, response) => {
  response.json(await orders.find(request.params.id))
})

const registration = etcdRegistration({ hosts: etcd, prefix: 'orders', id: name, ttl: 5 })
const server = app.listen(port, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  console.log(`listening on ${url}`)
  await registration.register(url)
})
server.keepAliveTimeout = keepAliveTimeout
process.on('SIGTERM', () => server.close(() => process.exit(0)))
