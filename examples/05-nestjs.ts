// NestJS: calls app.close(), with the shutdown hooks of every provider, once, after the last request.
import type { AddressInfo } from 'node:net'
import {
  Controller,
  Get,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  Param,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { createShutdown, formatReport } from 'lastcall'
import { healthChecks, httpServer } from 'lastcall/http'
import { Cache, Events, type Order, Pool } from './support/stand-ins.ts'

@Controller('orders')
class OrdersController {
  // @Inject, because tsx does not emit the types that Nest reads. With tsc you can leave it out.
  constructor(
    @Inject(Cache) private readonly cache: Cache,
    @Inject(Pool) private readonly pool: Pool,
    @Inject(Events) private readonly events: Events,
  ) {}

  @Get(':id')
  async read(@Param('id') id: string): Promise<Order> {
    const order = (await this.cache.get(id)) ?? (await this.pool.query(id))
    this.events.append({ type: 'order read', id })
    return order
  }
}

@Module({ controllers: [OrdersController], providers: [Cache, Pool, Events] })
class AppModule implements OnModuleDestroy, OnApplicationShutdown {
  constructor(
    @Inject(Cache) private readonly cache: Cache,
    @Inject(Pool) private readonly pool: Pool,
  ) {}

  // Modules such as @nestjs/typeorm and @nestjs/mongoose close their clients here.
  onModuleDestroy(): Promise<void> {
    return this.cache.disconnect()
  }

  onApplicationShutdown(): Promise<void> {
    return this.pool.end()
  }
}

const health = healthChecks()
const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
app.use(health) // GET /livez and GET /readyz
const events = app.get(Events)

// `docker stop` sends SIGKILL after 10 s. Without this option, lastcall uses the default of the platform.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(httpServer(app.getHttpServer(), { health }))
shutdown.add(
  'events',
  async ({ signal, note }) => {
    await events.flush({ signal })
    note(`${events.delivered} events delivered`)
  },
  // Two seconds are reserved for this, however long the requests take.
  { phase: 'flush', reserve: '2s' },
)
// Do not call app.enableShutdownHooks(): then Nest listens for the signals, too, and closes the clients
// while requests are in flight.
shutdown.add('nest', () => app.close())

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()

const server = await app.listen(Number(process.env.PORT ?? 3000))
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
