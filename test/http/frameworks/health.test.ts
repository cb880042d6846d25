import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { Router } from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import { createShutdown } from 'lastcall'
import { type HealthChecks, healthChecks, httpServer } from 'lastcall/http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, Gate, listen, stoppedListening } from '../../support/service.ts'

const ALIVE = { status: 200, body: '{"status":"alive"}\n' }
const READY = { status: 200, body: '{"status":"ready"}\n' }
const STOPPING = { status: 503, body: '{"status":"stopping"}\n' }

async function startFastify(app: FastifyInstance): Promise<number> {
  onTestFinished(() => void app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

describe('healthChecks() with Express', () => {
  test('answers probes, and leaves the rest to what comes after', async () => {
    const health = healthChecks()
    const app = express().use(health)
    app.use((_, response) => void response.send('page'))
    const client = await connect(await listen(createServer(app)))

    expect(await client.get('/livez')).toMatchObject(ALIVE)
    expect(await client.get('/readyz?a=b')).toMatchObject(READY)
    expect(await client.get('/readyz', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect(await client.get('/readyz', { method: 'POST' })).toMatchObject({ body: 'page' })
    expect(await client.get('/')).toMatchObject({ body: 'page' })
    health.announce()
    expect(await client.get('/livez')).toMatchObject(ALIVE)
    expect(await client.get('/readyz')).toMatchObject(STOPPING)
  })

  test('answers probes below the path that it is mounted at', async () => {
    const health = healthChecks()
    const app = express().use('/ops', health)
    app.use((_, response) => void response.send('page'))
    const client = await connect(await listen(createServer(app)))

    expect(await client.get('/ops/livez')).toMatchObject(ALIVE)
    expect(await client.get('/ops/readyz')).toMatchObject(READY)
    expect(await client.get('/readyz')).toMatchObject({ body: 'page' })
    health.announce()
    expect(await client.get('/ops/readyz')).toMatchObject(STOPPING)
  })

  test('answers probes in a router', async () => {
    const router = Router().use(healthChecks({ livez: '/up', readyz: '/go' }))
    const app = express().use('/a/b', router)
    const client = await connect(await listen(createServer(app)))

    expect(await client.get('/a/b/up')).toMatchObject(ALIVE)
    expect(await client.get('/a/b/go')).toMatchObject(READY)
    expect(await client.get('/a/b/livez')).toMatchObject({ status: 404 })
  })
})

describe('healthChecks() with Fastify', () => {
  test('answers probes, and leaves the rest to other routes', async () => {
    const health = healthChecks()
    const app = fastify()
    app.register(health.fastify)
    app.get('/', async () => 'page')
    const client = await connect(await startFastify(app))

    expect(await client.get('/livez')).toMatchObject(ALIVE)
    expect(await client.get('/readyz?a=b')).toMatchObject(READY)
    expect(await client.get('/readyz', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect(await client.get('/readyz', { method: 'POST' })).toMatchObject({ status: 404 })
    expect(await client.get('/')).toMatchObject({ body: 'page' })
    health.announce()
    expect(await client.get('/livez')).toMatchObject(ALIVE)
    expect(await client.get('/readyz')).toMatchObject(STOPPING)
  })

  test('answers probes below the prefix that it is registered with', async () => {
    const app = fastify()
    app.register(healthChecks().fastify, { prefix: '/ops' })
    const client = await connect(await startFastify(app))

    expect(await client.get('/ops/livez')).toMatchObject(ALIVE)
    expect(await client.get('/ops/readyz')).toMatchObject(READY)
    expect(await client.get('/readyz')).toMatchObject({ status: 404 })
  })

  test('answers probes however loosely its router matches them', async () => {
    const app = fastify({ routerOptions: { ignoreTrailingSlash: true, caseSensitive: false } })
    app.register(healthChecks().fastify)
    const client = await connect(await startFastify(app))

    expect(await client.get('/READYZ/')).toMatchObject(READY)
  })
})

describe.each(['node:http', 'Express', 'Fastify'] as const)(
  'a shutdown of a server of %s',
  (framework) => {
    async function start(health: HealthChecks, work: () => Promise<string>) {
      if (framework === 'Fastify') {
        const app = fastify()
        app.register(health.fastify)
        app.get('/work', work)
        const shutdown = quietShutdown()
        shutdown.add(httpServer(app.server, { health, linger: '5s' }))
        return { port: await startFastify(app), server: app.server, shutdown }
      }
      const app = express().use(health)
      app.get('/work', async (_, response) => void response.send(await work()))
      const server =
        framework === 'Express'
          ? createServer(app)
          : createServer(async (request, response) => {
              if (!health(request, response)) response.end(await work())
            })
      const shutdown = quietShutdown()
      shutdown.add(httpServer(server, { health, linger: '5s' }))
      return { port: await listen(server), server, shutdown }
    }

    test('lets its requests end, lives while it drains, and is ready no more', async () => {
      const [begun, gate] = [new Gate(), new Gate()]
      const { port, server, shutdown } = await start(healthChecks(), async () => {
        begun.open()
        await gate.opened
        return 'done'
      })
      const [slow, live, ready] = [await connect(port), await connect(port), await connect(port)]
      slow.ask('/work')
      await begun.opened
      const run = shutdown.now()
      await stoppedListening({ server })

      expect(await live.get('/livez')).toMatchObject(ALIVE)
      expect(await ready.get('/readyz')).toMatchObject(STOPPING)
      gate.open()
      expect(await slow.answer()).toMatchObject({ status: 200, body: 'done', saysClose: true })
      live.socket.end()
      ready.socket.end()
      expect(await run).toMatchObject({ outcome: 'clean' })
    })
  },
)

function quietShutdown() {
  return createShutdown({ exit: false, grace: '10s', log: false })
}
