// One of a fleet, with Express: behind a load balancer that asks /readyz, and registered in etcd.
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createShutdown } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'
import { etcdRegistration } from '../support/etcd-registration.ts'
import { instance } from './instance.ts'
import { Events, Orders, storageHooks } from './orders.ts'

const orders = new Orders(instance.postgres)
const events = new Events(instance.redis, instance.spool)
const health = healthChecks()

const app = express()
app.use(health)
app.use((_request, response, next) => {
  response.set('x-instance', instance.name)
  next()
})
app.post('/orders', express.json(), async ({ body: { id, total } }, response) => {
  await orders.place({ id, total })
  events.append({ type: 'placed', id })
  response.status(201).json({ id, total })
})
app.get('/orders/:id', async (request, response) => {
  const order = await orders.find(request.params.id)
  if (order) response.json(order)
  else response.status(404).json({ problem: 'There is no such order' })
})

/** Exported so that an importing module can add its own hooks. */
export const shutdown = createShutdown({ grace: instance.grace })

const registration = etcdRegistration({
  hosts: instance.etcd,
  prefix: 'orders',
  id: instance.name,
  ttl: 5,
})
const server = app.listen(instance.port, '127.0.0.1', async (error) => {
  if (error) throw error
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  console.log(`listening on ${url}`)
  await registration.register(url)
})
server.keepAliveTimeout = instance.keepAliveTimeout
shutdown.add(registration)
shutdown.add(httpServer(server, { health }))
shutdown.add(storageHooks(orders, events))
shutdown.listen()
