// One of a fleet, with Fastify: the service of express.ts, ended by the plugin.
import Fastify from 'fastify'
import { createShutdown } from 'lastcall'
import { fastifyShutdown } from 'lastcall/http'
import { etcdRegistration } from '../support/etcd-registration.ts'
import { instance } from './instance.ts'
import { Events, type Order, Orders, storageHooks } from './orders.ts'

const orders = new Orders(instance.postgres)
const events = new Events(instance.redis, instance.spool)

/** Exported so that an importing module can add its own hooks. */
export const shutdown = createShutdown({ grace: instance.grace })

const app = Fastify({ keepAliveTimeout: instance.keepAliveTimeout })
app.register(fastifyShutdown, { shutdown })
app.addHook('onRequest', async (_request, reply) => {
  reply.header('x-instance', instance.name)
})
app.post<{ Body: Order }>('/orders', async ({ body: { id, total } }, reply) => {
  await orders.place({ id, total })
  events.append({ type: 'placed', id })
  reply.code(201)
  return { id, total }
})
app.get<{ Params: { id: string } }>('/orders/:id', async ({ params: { id } }, reply) => {
  const order = await orders.find(id)
  return order ?? reply.code(404).send({ problem: 'There is no such order' })
})

const registration = etcdRegistration({
  hosts: instance.etcd,
  prefix: 'orders',
  id: instance.name,
  ttl: 5,
})
shutdown.add(registration)
shutdown.add(storageHooks(orders, events))
shutdown.listen()

const url = await app.listen({ host: '127.0.0.1', port: instance.port })
console.log(`listening on ${url}`)
await registration.register(url)
