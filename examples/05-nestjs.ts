// NestJS: its own app.close(), with the shutdown hooks of every provider, runs once, after the last request.
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
  // Named, because tsx, unlike tsc, leaves no trace of the types that Nest could go by.
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

  // Here modules close their clients: @nestjs/typeorm, @nestjs/mongoose and others.
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

// What `docker stop` grants. Without it the platform is asked for its own.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(httpServer(app.getHttpServer(), { health }))
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
// In place of app.enableShutdownHooks(): Nest would listen to the signals as well, and close the
// clients while requests are in flight.
shutdown.add({ name: 'nest', phase: 'close', run: () => app.close() })

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()

const server = await app.listen(Number(process.env.PORT ?? 3000))
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
