import assert from 'node:assert/strict'
import { RawClient } from '../../support/clients/raw-client.ts'
import type { FeatureGroup } from '../feature.ts'
import { endsWith, type Lab } from '../lab.ts'
import { portOf, serving } from '../servers.ts'

/** A request in flight, whose answer comes after SIGTERM, and a probe before it. */
const drains = (name: string, body: string) => ({
  name,
  check: async (lab: Lab) => {
    const program = await lab.service(
      `const { healthChecks, httpServer, expressShutdown, fastifyShutdown } = await import('lastcall/http')
       const slow = () => new Promise((resolve) => {
         say('asked /slow')
         shutdown.on('phase:start', ({ phase }) => phase === 'drain' && setTimeout(() => resolve('slow'), 100))
       })
       const listening = (server) => say('port ' + server.address().port)
       shutdown.on('hook:end', ({ hook }) => say(hook.name + ' ' + hook.status))
       ${body}`,
      serving(),
    )
    const port = await portOf(program)
    const probe = await RawClient.connect(port)
    assert.equal((await probe.get('/readyz')).body, '{"status":"ready"}\n')
    const client = await RawClient.connect(port)
    client.ask('/slow')
    await program.says('asked /slow')
    program.send('SIGTERM')
    const { status, body: text, saysClose } = await client.answer()
    assert.deepEqual([status, text, saysClose], [200, 'slow', true])
    await endsWith(program, { code: 0, stdout: /^http done$/m, stderr: '' })
  },
})

export const frameworks: FeatureGroup = {
  name: 'Frameworks',
  features: [
    drains(
      'Express, `httpServer(app.listen())`',
      `const { default: express } = await import('express')
       const app = express()
       const health = healthChecks()
       app.use(health)
       app.get('/slow', async (request, response) => response.send(await slow()))
       const server = app.listen(0, '127.0.0.1', () => listening(server))
       shutdown.add(httpServer(server, { health }))`,
    ),
    drains(
      'Express, `expressShutdown()`',
      `const { default: express } = await import('express')
       const app = express()
       app.use(expressShutdown(shutdown))
       app.get('/slow', async (request, response) => response.send(await slow()))
       const server = app.listen(0, '127.0.0.1', () => listening(server))`,
    ),
    drains(
      'Fastify, `fastifyShutdown`',
      `const { default: Fastify } = await import('fastify')
       const app = Fastify()
       app.register(fastifyShutdown, { shutdown })
       app.get('/slow', slow)
       await app.listen({ host: '127.0.0.1', port: 0 })
       listening(app.server)`,
    ),
    drains(
      'Koa',
      `const { default: Koa } = await import('koa')
       const app = new Koa()
       const health = healthChecks()
       app.use(async (ctx, next) => {
         if (health(ctx.req, ctx.res)) ctx.respond = false
         else await next()
       })
       app.use(async (ctx) => { ctx.body = await slow() })
       const server = app.listen(0, '127.0.0.1', () => listening(server))
       shutdown.add(httpServer(server, { health }))`,
    ),
    drains(
      'Hono, with `@hono/node-server`',
      `const { createServer } = await import('node:http')
       const { Hono } = await import('hono')
       const { getRequestListener } = await import('@hono/node-server')
       const app = new Hono()
       app.get('/slow', async (c) => c.text(await slow()))
       const health = healthChecks()
       const answer = getRequestListener(app.fetch)
       const server = createServer((request, response) => health(request, response) || answer(request, response))
       shutdown.add(httpServer(server, { health }))
       server.listen(0, '127.0.0.1', () => listening(server))`,
    ),
  ],
}
