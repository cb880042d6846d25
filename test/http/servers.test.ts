import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { createShutdown } from 'lastcall'
import { httpServer } from 'lastcall/http'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  account,
  connect,
  Gate,
  hookOf,
  listen,
  serve,
  stoppedListening,
} from '../support/service.ts'

const later: RequestListener = (_, response) => void setImmediate(() => response.end('ok'))

function quietShutdown() {
  return createShutdown({ exit: false, grace: '10s', log: false })
}

describe('several servers of one shutdown', () => {
  test('are drained side by side, each under its own name', async () => {
    const gate = new Gate()
    const begun = [new Gate(), new Gate()]
    const servers = begun.map((one) =>
      createServer(async (_, response) => {
        one.open()
        await gate.opened
        response.end('ok')
      }),
    )
    const shutdown = quietShutdown()
    servers.forEach((server, index) => {
      shutdown.add(httpServer(server, { name: ['public', 'admin'][index] ?? '' }))
    })
    const clients = await Promise.all(servers.map(async (server) => connect(await listen(server))))
    for (const client of clients) client.ask('/')
    await Promise.all(begun.map((one) => one.opened))
    const run = shutdown.now()
    await Promise.all(servers.map((server) => stoppedListening({ server })))
    gate.open()

    for (const client of clients) {
      expect(await client.answer()).toMatchObject({ body: 'ok', saysClose: true })
    }
    const report = await run
    expect(report).toMatchObject({ outcome: 'clean' })
    for (const name of ['public', 'admin']) {
      expect(hookOf(report, name)).toMatchObject({
        status: 'done',
        phase: 'drain',
        notes: [account(1, 1, 0)],
      })
    }
  })

  test('need names of their own', () => {
    const shutdown = quietShutdown()
    shutdown.add(httpServer(createServer()))

    expect(() => shutdown.add(httpServer(createServer()))).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_NAME_TAKEN',
        message: expect.stringContaining("'http:announce'"),
      }),
    )
  })
})

describe('a server', () => {
  test('that never listened holds nothing up', async () => {
    const server = createServer(later)
    const shutdown = quietShutdown()
    shutdown.add(httpServer(server))

    expect(hookOf(await shutdown.now())).toMatchObject({
      status: 'done',
      notes: [],
    })
  })

  test('that the application had closed holds nothing up', async () => {
    const { server, shutdown } = await serve(later)
    server.close()
    await once(server, 'close')

    expect(hookOf(await shutdown.now())).toMatchObject({ status: 'done' })
  })

  test('that the application had closed is waited for as long as it has a request in flight', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serve(async (_, response) => {
      begun.open()
      await gate.opened
      response.end('ok')
    })
    const client = await connect()
    client.ask('/')
    await begun.opened
    server.close()
    const run = shutdown.now()
    await stoppedListening({ server })
    expect(shutdown.report).toBeUndefined()
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'ok', saysClose: true })
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })

  test('that begins to listen only during the drain is closed again', async () => {
    const server = createServer(later)
    const shutdown = quietShutdown()
    shutdown.add(httpServer(server))
    server.listen(0, '127.0.0.1')
    const run = shutdown.now()
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    await stoppedListening({ server })

    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that begins to listen after the drain is closed again', async () => {
    const server = createServer(later)
    const shutdown = quietShutdown()
    shutdown.add(httpServer(server))
    await shutdown.now()
    server.listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')

    await stoppedListening({ server })
  })

  test('that begins to listen after the drain gives its address to the code that started it, and accepts no connection', async () => {
    const server = createServer(later)
    let accepted = 0
    server.on('connection', () => accepted++)
    const shutdown = quietShutdown()
    shutdown.add(httpServer(server))
    await shutdown.now()
    let address: AddressInfo | null = null
    const client = new Gate()
    server.listen(0, '127.0.0.1', () => {
      address = server.address() as AddressInfo
      const socket = connectTcp(address.port, '127.0.0.1').on('error', () => {})
      socket.once('close', client.open)
    })
    await once(server, 'listening')

    expect(server.address()).toEqual(address)
    expect(address).toMatchObject({ port: expect.any(Number) })
    await client.opened
    expect(accepted).toBe(0)
  })

  test('may be started again once it is handed in again', async () => {
    const server = createServer(later)
    const first = quietShutdown()
    first.add(httpServer(server))
    await listen(server)
    expect(await first.now()).toMatchObject({ outcome: 'clean' })
    const second = quietShutdown()
    second.add(httpServer(server))
    const client = await connect(await listen(server))
    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: false })

    expect(await second.now()).toMatchObject({ outcome: 'clean' })
    expect(await client.ended()).toBe('FIN')
  })

  test('that the application closes at the same time is drained all the same', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serve(async (_, response) => {
      begun.open()
      await gate.opened
      response.end('ok')
    })
    const client = await connect()
    client.ask('/')
    await begun.opened
    const closed = once(server, 'close')
    const run = shutdown.now()
    server.close()
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'ok' })
    await closed
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })

  test('that the application closes afterwards is closed already', async () => {
    const { server, shutdown } = await serve(later)
    await shutdown.now()
    const error = await new Promise((resolve) => server.close(resolve))

    expect(error).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' })
  })

  test('answers requests of connections that it had before it was handed in', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    let slow = false
    const server = createServer(async (_, response) => {
      begun.open()
      if (slow) await gate.opened
      response.end('ok')
    })
    const client = await connect(await listen(server))
    await client.get('/')
    const shutdown = quietShutdown()
    shutdown.add(httpServer(server))
    slow = true
    client.ask('/')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'ok', saysClose: true })
    expect(hookOf(await run)).toMatchObject({
      status: 'done',
      notes: [account(1, 1, 0)],
    })
  })

  test('drains in the phase that the options name', async () => {
    const { shutdown } = await serve(later, { phase: 'stop', name: 'admin' })

    expect(hookOf(await shutdown.now(), 'admin')).toMatchObject({ phase: 'stop', status: 'done' })
  })

  test('gives the address free again', async () => {
    const { server, shutdown } = await serve(later)
    const { port } = server.address() as AddressInfo
    await shutdown.now()
    const successor = createServer(later).listen(port, '127.0.0.1')
    await once(successor, 'listening')
    successor.close()
  })

  test.each([
    ['in the drain', {}],
    ['in the lame duck', { lameDuck: '10s' }],
  ] as const)('that was cut off %s can be started and drained again', async (_, options) => {
    const server = createServer((request, response) => {
      if (request.url !== '/hangs') response.end('ok')
    })
    const first = quietShutdown()
    first.add(httpServer(server, { ...options, timeout: '100ms' }))
    const client = await connect(await listen(server))
    client.ask('/hangs')
    await once(server, 'request')
    expect(await first.now()).toMatchObject({ outcome: 'cut off' })
    await client.closed()

    const again = await connect(await listen(server))
    const second = quietShutdown()
    second.add(httpServer(server))
    again.ask('/')
    expect(await second.now()).toMatchObject({ outcome: 'clean' })
    expect(await again.answer()).toMatchObject({ body: 'ok' })
  })

  test('that is handed in twice is drained once, and both hooks wait for it', async () => {
    const { connect, server, shutdown } = await serve(later)
    shutdown.add(httpServer(server, { name: 'again' }))
    const client = await connect()
    client.ask('/')
    const report = await shutdown.now()

    expect(await client.answer()).toMatchObject({ body: 'ok' })
    expect(['http', 'again'].map((name) => hookOf(report, name)?.status)).toEqual(['done', 'done'])
  })
})
