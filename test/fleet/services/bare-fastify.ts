// The service of examples/fleet/fastify.ts, ended by `server.close()` alone.
import Fastify from 'fastify'
import { instance } from '../../../examples/fleet/instance.ts'
import { Events, type Order, Orders } from '../../../examples/fleet/orders.ts'
import { etcdRegistration } from '../../../examples/support/etcd-registration.ts'

const { name, port, keepAliveTimeout, postgres, redis, spool, etcd } = instance
const orders = new Orders(postgres)
const events = new Events(redis, spool)

const app = Fastify({ keepAliveTimeout })
app.get('/readyz', async () => 'ok\n')
app.post<{ Body: Order }>('/orders', async ({ body: { id, total } }, reply) => {
  await orders.place({ id, total })
  events.append({ type: 'placed', id })
  reply.code(201)
  return { id, total }
})
app.get<{ Params: { id: string } }>('/orders/:id', ({ params: { id } }) => orders.find(id))

process.on('SIGTERM', () => app.server.close(() => process.exit(0)))
const url = await app.listen({ host: '127.0.0.1', port })
console.log(`listening on ${url}`)
await etcdRegistration({ hosts: etcd, prefix: 'orders', id: name, ttl: 5 }).register(url)
