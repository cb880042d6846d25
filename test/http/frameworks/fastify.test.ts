import { once } from 'node:events'
import { Agent, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import fastify, { type FastifyInstance } from 'fastify'
import { createShutdown } from 'lastcall'
import { fastifyShutdown, healthChecks } from 'lastcall/http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { askNode, connectNode } from '../../support/http2-service.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import { twoAddresses } from '../../support/servers/two-addresses.ts'
import { account, connect, Gate, hookOf, stoppedListening, until } from '../../support/service.ts'

const ALIVE = { status: 200, body: '{"status":"alive"}\n' }
const READY = { status: 200, body: '{"status":"ready"}\n' }
const STOPPING = { status: 503, body: '{"status":"stopping"}\n' }

function quietShutdown() {
  return createShutdown({ exit: false, grace: '10s', log: false })
}

const overHttp2 = () => fastify({ http2: true })
type FastifyHttp2 = ReturnType<typeof overHttp2>

/** Has an application listen for as long as the test lasts. */
async function listen(app: Pick<FastifyInstance, 'close' | 'listen'>, host = '127.0.0.1') {
  onTestFinished(() => app.close())
  const address = await app.listen({ port: 0, host })
  return Number(new URL(address).port)
}

/** Asks a host of its own, by a connection that would be kept alive. */
async function ask(host: string, port: number, path: string) {
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const asked = request({ agent, host, port, path }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const { statusCode: status, headers } = answer
  return { status, connection: headers.connection, body: await text(answer) }
}

/** A route that waits for a test. */
function slowRoute() {
  const [begun, gate] = [new Gate(), new Gate()]
  const handler = async () => {
    begun.open()
    await gate.opened
    return 'slow'
  }
  return { begun, gate, handler }
}

/** An application with the plugin. */
async function serveFastify() {
  const shutdown = quietShutdown()
  const { begun, gate, handler } = slowRoute()
  const app = fastify()
  app.register(fastifyShutdown, { shutdown })
  app.get('/', async () => 'page')
  app.get('/slow', handler)
  const closed: string[] = []
  app.addHook('onClose', async () => void closed.push('closed'))
  const port = await listen(app)
  return { app, begun, closed, gate, port, shutdown, open: () => connect(port) }
}

describe('an application of Fastify with the plugin', () => {
  test('answers probes, and leaves the rest to other routes', async () => {
    const { app, open } = await serveFastify()
    const client = await open()

    expect(await client.get('/livez')).toMatchObject(ALIVE)
    expect(await client.get('/readyz?a=b')).toMatchObject(READY)
    expect(await client.get('/')).toMatchObject({ body: 'page' })
    expect((await app.inject('/readyz')).statusCode).toBe(200)
  })

  test('answers requests in flight with `Connection: close` before it is closed', async () => {
    const { app, begun, closed, gate, open, shutdown } = await serveFastify()
    const [client, other] = [await open(), await open()]
    client.ask('/slow')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening(app)
    // It serves on: app.close() would have it answer 503.
    expect(await other.get('/')).toMatchObject({ status: 200, body: 'page', saysClose: true })
    expect(closed).toEqual([])
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'slow', saysClose: true })
    const report = await run
    expect(closed).toEqual(['closed'])
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(report.phases.map(({ name, hooks }) => [name, hooks.map((hook) => hook.name)])).toEqual([
      ['announce', ['http:announce']],
      ['unbind', ['http:unbind']],
      ['drain', ['http']],
      ['stop', ['http:fastify']],
    ])
    expect(hookOf(report)?.notes).toEqual([account(2, 2, 0)])
  })

  test('answers liveness with 200 and readiness with 503 while it drains', async () => {
    const { app, begun, gate, open, shutdown } = await serveFastify()
    const [slow, live, ready] = [await open(), await open(), await open()]
    slow.ask('/slow')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening(app)

    expect(await live.get('/livez')).toMatchObject(ALIVE)
    expect(await ready.get('/readyz')).toMatchObject(STOPPING)
    gate.open()
    await slow.answer()
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that is closed without a shutdown leaves no hook behind', async () => {
    const { app, shutdown } = await serveFastify()
    await app.close()

    expect(await shutdown.now()).toMatchObject({ outcome: 'clean', phases: [] })
  })

  test('that is closed before it ever listened leaves no hook behind', async () => {
    const shutdown = quietShutdown()
    const app = fastify()
    app.register(fastifyShutdown, { shutdown })
    await app.ready()
    await app.close()

    expect(await shutdown.now()).toMatchObject({ phases: [] })
  })

  test('that is closed without a shutdown makes room for the next one of that name', async () => {
    const shutdown = quietShutdown()
    for (let time = 0; time < 3; time++) {
      const app = fastify()
      app.register(fastifyShutdown, { shutdown })
      await listen(app)
      await app.close()
    }

    expect(await shutdown.now()).toMatchObject({ phases: [] })
  })

  test('that never listened holds nothing up', async () => {
    const shutdown = quietShutdown()
    const app = fastify()
    const closed: string[] = []
    app.register(fastifyShutdown, { shutdown })
    app.addHook('onClose', async () => void closed.push('closed'))
    await app.ready()

    expect(await shutdown.now()).toMatchObject({ outcome: 'clean' })
    expect(closed).toEqual(['closed'])
  })

  test('that is closed by other code during the drain is drained all the same', async () => {
    const { app, begun, gate, open, shutdown } = await serveFastify()
    const client = await open()
    client.ask('/slow')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening(app)
    const closed = app.close()
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'slow' })
    await closed
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

describe('the plugin', () => {
  test('takes a handler of the probes, and every option of httpServer()', async () => {
    const shutdown = quietShutdown()
    const app = fastify()
    app.register(fastifyShutdown, {
      shutdown,
      health: healthChecks({ livez: '/up', readyz: '/go' }),
      name: 'web',
      phase: 'stop',
      timeout: '3s',
      reserve: '1s',
      linger: 0,
      lameDuck: 0,
      refuseWithin: 0,
    })
    const client = await connect(await listen(app))

    expect(await client.get('/up')).toMatchObject(ALIVE)
    expect(await client.get('/livez')).toMatchObject({ status: 404 })
    const report = await shutdown.now()
    expect(hookOf(report, 'web')).toMatchObject({ phase: 'stop', limit: 3000 })
    expect(hookOf(report, 'web:fastify')).toMatchObject({ status: 'done' })
  })

  test('drains several applications of one shutdown, each under its name', async () => {
    const shutdown = quietShutdown()
    const clients = []
    for (const name of ['public', 'admin']) {
      const app = fastify()
      app.register(fastifyShutdown, { shutdown, name })
      const client = await connect(await listen(app))
      await client.get('/livez')
      clients.push(client)
    }
    const report = await shutdown.now()

    for (const client of clients) expect(await client.ended()).toBe('FIN')
    expect(hookOf(report, 'public')?.notes).toEqual([account(1, 0, 1)])
    expect(hookOf(report, 'admin')?.notes).toEqual([account(1, 0, 1)])
  })

  test('counts for the whole application where it is registered with a part of it', async () => {
    const shutdown = quietShutdown()
    const app = fastify()
    const { begun, gate, handler } = slowRoute()
    app.get('/slow', handler)
    const closed: string[] = []
    app.addHook('onClose', async () => void closed.push('closed'))
    app.register(
      async (part) => {
        await part.register(fastifyShutdown, { shutdown })
      },
      { prefix: '/ops' },
    )
    const port = await listen(app)
    const [client, prober] = [await connect(port), await connect(port)]
    expect(await prober.get('/ops/livez')).toMatchObject(ALIVE)
    expect(await prober.get('/livez')).toMatchObject({ status: 404 })
    client.ask('/slow')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening(app)
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'slow', saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(closed).toEqual(['closed'])
  })

  test.each([
    ['a prefix', { prefix: '/ops' }],
    ['a level of logs', { logLevel: 'warn' }],
    ['serializers of logs', { logSerializers: {} }],
  ] as const)('leaves to Fastify what register() itself takes: %s', async (_, own) => {
    const shutdown = quietShutdown()
    const app = fastify()
    app.register(fastifyShutdown, { shutdown, ...own })
    await app.ready()
    await app.close()
  })

  test('may be registered after routes and hooks of the application', async () => {
    const shutdown = quietShutdown()
    const app = fastify()
    app.addHook('onRequest', async (_, reply) => void reply.header('x-seen', 'yes'))
    app.get('/', async () => 'page')
    await app.register(fastifyShutdown, { shutdown })
    const client = await connect(await listen(app))

    expect(await client.get('/')).toMatchObject({ body: 'page', headers: { 'x-seen': ['yes'] } })
    expect(await client.get('/livez')).toMatchObject(ALIVE)
    expect(hookOf(await shutdown.now())).toMatchObject({ notes: [account(1, 0, 1)] })
  })

  test.each([
    ['no shutdown', {}, 'shutdown'],
    ['an unknown option', { shutdown: quietShutdown(), lingre: 5 }, 'linger'],
    ['a bad option', { shutdown: quietShutdown(), linger: '250' }, 'linger'],
  ])('makes the start of the application fail with %s', async (_, options, named) => {
    const app = fastify()
    app.register(fastifyShutdown, options as { shutdown: ReturnType<typeof quietShutdown> })

    await expect(app.ready()).rejects.toMatchObject({
      code: 'LASTCALL_INVALID_OPTION',
      message: expect.stringContaining(`\`${named}\``),
    })
  })
})

describe('an application that listens on a name with several addresses', () => {
  test.each([
    ['the application', false],
    ['a part of it', true],
  ])('drains all of its servers where the plugin is registered with %s', async (_, inPart) => {
    twoAddresses()
    const shutdown = quietShutdown()
    const app = fastify()
    const [servers, gate] = [[] as Server[], new Gate()]
    app.get('/slow', async ({ raw: { socket } }) => {
      servers.push((socket as unknown as { server: Server }).server)
      await gate.opened
      return 'slow'
    })
    if (inPart)
      app.register(async (part) => void (await part.register(fastifyShutdown, { shutdown })))
    else app.register(fastifyShutdown, { shutdown })
    const port = await listen(app, 'localhost')
    expect(app.addresses()).toHaveLength(2)
    const asked = ['127.0.0.1', '127.0.0.2'].map((host) => ask(host, port, '/slow'))
    await until(() => servers.length === 2)
    const drained: string[] = []
    shutdown.on('hook:start', ({ hook, phase }) => phase === 'drain' && drained.push(hook))
    const run = shutdown.now()
    await until(() => servers.every(({ listening }) => !listening))
    expect(drained).toEqual(['http', 'http:2'])
    gate.open()

    for (const answer of asked) {
      expect(await answer).toEqual({ status: 200, connection: 'close', body: 'slow' })
    }
    const report = await run
    expect(report).toMatchObject({ outcome: 'clean' })
    for (const name of ['http', 'http:2']) {
      expect(hookOf(report, name)).toMatchObject({ phase: 'drain', notes: [account(1, 1, 0)] })
    }
  })

  test('leaves no hook behind when it is closed without a shutdown', async () => {
    twoAddresses()
    const shutdown = quietShutdown()
    const app = fastify()
    app.register(fastifyShutdown, { shutdown })
    await listen(app, 'localhost')
    await app.close()

    expect(await shutdown.now()).toMatchObject({ phases: [] })
  })
})

describe('an application of Fastify that speaks HTTP/2', () => {
  const overTls = () =>
    fastify({
      http2: true,
      https: { ...selfSigned(), allowHTTP1: true },
    }) as unknown as FastifyHttp2

  test.each([
    ['in clear text', false],
    ['over TLS', true],
  ])('%s has its streams answered', async (_, secure) => {
    const shutdown = quietShutdown()
    const app = secure ? overTls() : overHttp2()
    const { begun, gate, handler } = slowRoute()
    app.get('/slow', handler)
    app.register(fastifyShutdown, { shutdown })
    onTestFinished(() => app.close())
    await app.listen({ port: 0, host: '127.0.0.1' })
    const session = await connectNode((app.server.address() as AddressInfo).port, secure)
    expect(await askNode(session, '/livez')).toMatchObject(ALIVE)
    const answer = askNode(session, '/slow')
    await begun.opened
    const run = shutdown.now()
    await until(() => !app.server.listening)
    gate.open()

    expect(await answer).toMatchObject({ status: 200, body: 'slow' })
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(hookOf(await run, 'http:fastify')).toMatchObject({ status: 'done' })
  })
})
