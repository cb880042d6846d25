import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import express, { Router } from 'express'
import { createShutdown, LastcallError, type Shutdown } from 'lastcall'
import { type ExpressShutdownOptions, expressShutdown, healthChecks } from 'lastcall/http'
import { describe, expect, test } from 'vitest'
import { selfSigned } from '../../support/servers/certificate.ts'
import { account, connect, Gate, hookOf, listen, stoppedListening } from '../../support/service.ts'

const ALIVE = { status: 200, body: '{"status":"alive"}\n' }
const READY = { status: 200, body: '{"status":"ready"}\n' }
const STOPPING = { status: 503, body: '{"status":"stopping"}\n' }

const certificate = selfSigned()

function quietShutdown() {
  return createShutdown({ exit: false, grace: '10s', log: false })
}

/** An application with the middleware, and a route that waits for a test. */
async function serveExpress({
  secure = false,
  ...options
}: ExpressShutdownOptions & { secure?: boolean } = {}) {
  const shutdown = quietShutdown()
  const [begun, gate] = [new Gate(), new Gate()]
  const app = express()
  app.use(expressShutdown(shutdown, options))
  app.get('/slow', async (_, response) => {
    begun.open()
    await gate.opened
    response.send('slow')
  })
  app.use((request, response) => void response.send(request.path))
  const server: Server = secure ? createSecureServer(certificate, app) : createServer(app)
  const port = await listen(server)
  return { app, begun, gate, port, server, shutdown, open: () => connect(port, { secure }) }
}

describe.each([
  ['http', false],
  ['https', true],
])('an application of Express with the middleware over %s', (_, secure) => {
  test('answers probes, and leaves the rest to what comes after', async () => {
    const { open } = await serveExpress({ secure })
    const client = await open()

    expect(await client.get('/livez')).toMatchObject(ALIVE)
    expect(await client.get('/readyz?a=b')).toMatchObject(READY)
    expect(await client.get('/readyz', { method: 'POST' })).toMatchObject({ body: '/readyz' })
    expect(await client.get('/page')).toMatchObject({ status: 200, body: '/page' })
  })

  test('is drained from its first request on: that one is answered with `Connection: close`', async () => {
    const { begun, gate, open, server, shutdown } = await serveExpress({ secure })
    const client = await open()
    client.ask('/slow')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'slow', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    const report = await run
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(hookOf(report)).toMatchObject({ phase: 'drain', notes: [account(1, 1, 0)] })
  })

  test('answers liveness with 200 and readiness with 503 while it drains', async () => {
    const { begun, gate, open, server, shutdown } = await serveExpress({ secure, linger: '5s' })
    const [slow, live, ready] = [await open(), await open(), await open()]
    slow.ask('/slow')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })

    expect(await live.get('/livez')).toMatchObject(ALIVE)
    expect(await ready.get('/readyz')).toMatchObject(STOPPING)
    gate.open()
    await slow.answer()
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(hookOf(await run, 'http:announce')).toMatchObject({ phase: 'announce', status: 'done' })
  })

  test('closes connections that were opened before its first request', async () => {
    const { open, shutdown } = await serveExpress({ secure, linger: '50ms' })
    const early = await open()
    const client = await open()
    await client.get('/')
    const run = shutdown.now()

    expect(await run).toMatchObject({ outcome: 'clean' })
    await Promise.all([early.ended(), client.ended()])
  })
})

describe('the middleware', () => {
  test('adds the hooks of a server once, however many requests come by it', async () => {
    const { open, server, shutdown } = await serveExpress()
    const clients = [await open(), await open()]
    for (const client of [...clients, ...clients]) await client.get('/')
    const listeners = server.listenerCount('request')
    await clients[0]?.get('/')

    expect(server.listenerCount('request')).toBe(listeners)
    const report = await shutdown.now()
    expect(report.phases.flatMap(({ hooks }) => hooks.map(({ name }) => name))).toEqual([
      'http:announce',
      'http:unbind',
      'http',
    ])
    expect(hookOf(report)?.notes).toEqual([account(2, 0, 2)])
  })

  test('drains each server of an application, each under another name', async () => {
    const { app, port, shutdown } = await serveExpress({ name: 'web' })
    const second = await listen(createServer(app))
    const clients = [await connect(port), await connect(second)]
    for (const client of clients) await client.get('/')
    const report = await shutdown.now()

    for (const client of clients) expect(await client.ended()).toBe('FIN')
    expect(report).toMatchObject({ outcome: 'clean' })
    for (const name of ['web', 'web:2']) {
      expect(hookOf(report, name)).toMatchObject({ status: 'done', notes: [account(1, 0, 1)] })
    }
  })

  test('takes a handler of the probes, and every option of httpServer()', async () => {
    const { open, shutdown } = await serveExpress({
      health: healthChecks({ livez: '/up', readyz: '/go' }),
      name: 'web',
      phase: 'stop',
      timeout: '3s',
      reserve: '1s',
      linger: 0,
      lameDuck: 0,
      refuseWithin: 0,
    })
    const client = await open()

    expect(await client.get('/up')).toMatchObject(ALIVE)
    expect(await client.get('/livez')).toMatchObject({ body: '/livez' })
    expect(hookOf(await shutdown.now(), 'web')).toMatchObject({ phase: 'stop', limit: 3000 })
  })

  test('answers probes below the path that it is used at', async () => {
    const shutdown = quietShutdown()
    const app = express().use('/ops', Router().use(expressShutdown(shutdown)))
    app.use((_, response) => void response.send('page'))
    const client = await connect(await listen(createServer(app)))

    expect(await client.get('/ops/livez')).toMatchObject(ALIVE)
    expect(await client.get('/livez')).toMatchObject({ body: 'page' })
    expect(hookOf(await shutdown.now())).toMatchObject({ status: 'done' })
  })

  test('adds no hook where no request ever came', async () => {
    const { shutdown } = await serveExpress()

    expect(await shutdown.now()).toMatchObject({ outcome: 'clean', phases: [] })
  })

  test('serves the first request also where it comes during the shutdown', async () => {
    const { open, server, shutdown } = await serveExpress()
    const flushing = new Gate()
    shutdown.add({ name: 'events', phase: 'flush', run: () => flushing.opened })
    const client = await open()
    const run = shutdown.now()

    expect(await client.get('/first')).toMatchObject({ status: 200, body: '/first' })
    await stoppedListening({ server })
    flushing.open()
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })

  test('serves a request that comes after the shutdown', async () => {
    const { open, shutdown } = await serveExpress()
    const client = await open()
    await shutdown.now()

    expect(await client.get('/after')).toMatchObject({ status: 200, body: '/after' })
  })
})

describe('expressShutdown() refuses bad input at once', () => {
  const bad = expressShutdown as (shutdown: unknown, options?: unknown) => unknown

  test.each([
    ['no shutdown', undefined, 'got undefined'],
    ['null', null, 'got null'],
    ['an application', express(), 'got a function named app'],
    ['a hook', { name: 'http' }, 'got an object (Object)'],
  ])('%s', (_, shutdown, value) => {
    expect(() => bad(shutdown)).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_INVALID_OPTION',
        message: `expressShutdown(): Expected \`shutdown\` to be what createShutdown() returns, ${value}. Write expressShutdown(shutdown).`,
      }),
    )
  })

  test.each([
    ['no options', null, 'options'],
    ['an unknown option', { lingre: 5 }, 'linger'],
    ['a bad linger', { linger: '250' }, 'linger'],
    ['a bad lame duck', { lameDuck: -1 }, 'lameDuck'],
    ['a bad health', { health: healthChecks }, 'health'],
    ['an empty name', { name: '' }, 'hook.name'],
    ['a bad time', { timeout: 'long' }, "timeout of hook 'http'"],
  ])('%s', (_, options, named) => {
    expect(() => bad(quietShutdown(), options)).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_INVALID_OPTION',
        message: expect.stringContaining(`\`${named}\``),
      }),
    )
  })

  test('or with every request, where only the shutdown can know', async () => {
    const { open } = await serveExpress({ phase: 'drian' })
    const client = await open()
    const answers = [await client.get('/'), await client.get('/')]

    // Not with the first alone: the next one would be served by a server that is never drained.
    expect(answers.map(({ status }) => status)).toEqual([500, 500])
  })
})

describe('a shutdown', () => {
  test('needs no more than add()', async () => {
    const added: string[] = []
    const taker: Pick<Shutdown, 'add'> = {
      add: (hooks: unknown) => {
        if (!Array.isArray(hooks)) throw new LastcallError('LASTCALL_INVALID_OPTION', 'one')
        added.push(...hooks.map(({ name }) => name))
        return () => true
      },
    }
    const app = express().use(expressShutdown(taker))
    const client = await connect(await listen(createServer(app)))
    await client.get('/livez')

    expect(added).toEqual(['http:announce', 'http:unbind', 'http'])
  })
})

describe('a server that is closed without a shutdown, as in tests that open one for each request', () => {
  test('leaves no hook behind', async () => {
    const { app, shutdown, server, open } = await serveExpress()
    await (await open()).get('/page')
    const other = createServer(app)
    await (await connect(await listen(other))).get('/page')
    expect(hookNames(shutdown)).toEqual([
      'http:announce',
      'http:2:announce',
      'http:unbind',
      'http:2:unbind',
      'http',
      'http:2',
    ])
    await closed(server)
    expect(hookNames(shutdown)).toEqual(['http:2:announce', 'http:2:unbind', 'http:2'])
    await closed(other)
    expect(hookNames(shutdown)).toEqual([])
  })

  test('has its hooks added again where it is started again', async () => {
    const { begun, gate, shutdown, server, open } = await serveExpress()
    await (await open()).get('/page')
    await closed(server)
    const client = await connect(await listen(server))
    client.ask('/slow')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })
    gate.open()
    expect(await client.answer()).toMatchObject({ status: 200, body: 'slow' })
    expect(hookOf(await run, 'http:2')).toMatchObject({ status: 'done' })
  })
})

test('a server without clients, which closes when it stops listening, is shut down all the same', async () => {
  const { server, shutdown, open } = await serveExpress()
  const client = await open()
  await client.get('/page', { headers: { Connection: 'close' } })
  await client.closed()
  const isClosed = once(server, 'close')
  shutdown.add({ name: 'between', priority: 425, run: () => isClosed })

  const { phases } = await shutdown.now()
  expect(phases.map(({ name }) => name)).toEqual(['announce', 'unbind', 'priority 425', 'drain'])
  expect(Object.hasOwn(server, 'closeIdleConnections')).toBe(false)
})

function hookNames(shutdown: Shutdown): string[] {
  return shutdown.plan().phases.flatMap(({ hooks }) => hooks.map(({ name }) => name))
}

async function closed(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
