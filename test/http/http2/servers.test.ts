import { once } from 'node:events'
import { connect as connectPlainly } from 'node:net'
import { createShutdown } from 'lastcall'
import { httpServer, requestSignal } from 'lastcall/http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EVERY_STREAM } from '../../support/clients/raw-session.ts'
import {
  connectRaw,
  endedIn,
  type Http2Handler,
  http2Server,
  listenHttp2,
  serveHttp2,
  WAYS,
} from '../../support/http2-service.ts'
import {
  account,
  Gate,
  hookOf,
  PollingClock,
  stoppedListening,
  until,
} from '../../support/service.ts'

const later: Http2Handler = (_, response) => void setImmediate(() => response.end('ok'))

const EVENTS = [
  'listening',
  'connection',
  'secureConnection',
  'session',
  'stream',
  'request',
  'checkContinue',
  'checkExpectation',
  'connect',
  'upgrade',
  'close',
  'timeout',
  'error',
]

function quietShutdown() {
  return createShutdown({ exit: false, grace: '10s', log: false })
}

describe.each(WAYS)('a server of HTTP/2 over %s', (_, { secure = false, server: options }) => {
  test('that never listened holds nothing up', async () => {
    const shutdown = quietShutdown()
    shutdown.add(httpServer(http2Server(later, secure, options)))

    expect(hookOf(await shutdown.now())).toMatchObject({ status: 'done', notes: [] })
  })

  test('that the application had closed is waited for as long as it has a stream in flight', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serveHttp2(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { secure, server: options ?? {} },
    )
    const client = await connect()
    const stream = client.ask('/')
    await begun.opened
    server.close()
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    expect(shutdown.report).toBeUndefined()
    gate.open()

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await client.ended()).toBe('FIN')
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })

  test('may be started again once it is handed in again', async () => {
    const aborted: boolean[] = []
    const server = http2Server(
      (request, response) => {
        aborted.push(requestSignal(request).aborted)
        response.end('ok')
      },
      secure,
      options,
    )
    for (let time = 0; time < 3; time++) {
      const shutdown = quietShutdown()
      shutdown.add(httpServer(server))
      const client = await connectRaw(await listenHttp2(server), { secure })
      expect(await client.get('/')).toEqual({ status: 200, body: 'ok' })
      const run = shutdown.now()

      expect(await client.ended()).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
    }
    expect(aborted).toEqual([false, false, false])
  })

  test.each([
    ['in the drain', {}],
    ['in the lame duck', { lameDuck: '10s' }],
  ] as const)('that was cut off %s can be started and drained again', async (_, limits) => {
    const server = http2Server(
      (request, response) => {
        if (request.url !== '/hangs') response.end('ok')
      },
      secure,
      options,
    )
    const first = quietShutdown()
    first.add(httpServer(server, { ...limits, timeout: '300ms' }))
    const client = await connectRaw(await listenHttp2(server), { secure })
    client.ask('/hangs')
    await once(server, 'request')
    expect(await first.now()).toMatchObject({ outcome: 'cut off' })
    await client.ended()

    const second = quietShutdown()
    second.add(httpServer(server))
    const again = await connectRaw(await listenHttp2(server), { secure })
    const stream = again.ask('/')
    const run = second.now()
    expect(await again.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await again.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that is handed in twice is drained once, and both hooks wait for it', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serveHttp2(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { secure, server: options ?? {} },
    )
    shutdown.add(httpServer(server, { name: 'again' }))
    const client = await connect()
    const stream = client.ask('/')
    await begun.opened
    const run = shutdown.now()
    await client.sees('GOAWAY 1, code 0')
    gate.open()

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await client.ended()).toBe('FIN')
    const report = await run
    expect(['http', 'again'].map((name) => hookOf(report, name)?.status)).toEqual(['done', 'done'])
    expect(client.goaways.filter((id) => id === EVERY_STREAM)).toHaveLength(1)
  })

  test('is left as it was: no listener more, its own emit, and its own way of accepting', async () => {
    const { connect, server, shutdown } = await serveHttp2(later, {
      secure,
      server: options ?? {},
    })
    const client = await connect()
    await client.get('/')
    const before = EVENTS.map((event) => [event, server.listeners(event)])
    const run = shutdown.now()
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })

    expect(EVENTS.map((event) => [event, server.listeners(event)])).toEqual(before)
    expect(Object.keys(server)).not.toContain('emit')
    expect(Object.keys(server)).not.toContain('closeIdleConnections')
    expect(server).toMatchObject({ pauseOnConnect: false })
  })

  test('is left as it was after a drain that was cut off, too', async () => {
    const begun = new Gate()
    const { connect, server, shutdown } = await serveHttp2(() => begun.open(), {
      secure,
      server: options ?? {},
      timeout: '300ms',
    })
    const before = EVENTS.map((event) => [event, server.listeners(event)])
    const closed = once(server, 'close')
    const client = await connect()
    client.ask('/')
    await begun.opened
    expect(await shutdown.now()).toMatchObject({ outcome: 'cut off' })
    await closed

    expect(EVENTS.map((event) => [event, server.listeners(event)])).toEqual(before)
    expect(Object.keys(server)).not.toContain('emit')
  })

  test('drops clients that speak something else, and is drained all the same', async () => {
    const clock = new PollingClock()
    const { connect, port, server, shutdown } = await serveHttp2(later, {
      secure,
      server: options ?? {},
      clock,
    })
    const client = await connect()
    await client.get('/')
    const other = connectPlainly(port, '127.0.0.1')
    onTestFinished(() => void other.destroy())
    const ended = new Promise((resolve) => {
      other.on('error', resolve)
      other.on('close', resolve)
    })
    await once(server, 'connection')
    other.resume().write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const run = shutdown.now()
    expect(await endedIn(client, clock)).toBe('FIN')
    for (let passed = 0; passed < 2000; passed += 10) await clock.advance(10)
    await ended

    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

describe('a server of both versions', () => {
  test('notifies the clients of each in their own way', async () => {
    const [gate, begun] = [new Gate(), [new Gate(), new Gate()]]
    const { connect, connectHttp1, shutdown } = await serveHttp2(
      async (request, response) => {
        if (request.url !== '/slow') return response.end('ok')
        begun[request.httpVersionMajor - 1]?.open()
        await gate.opened
        return response.end('done')
      },
      { secure: true, server: { allowHTTP1: true } },
    )
    const [old, idle] = [await connectHttp1(), await connectHttp1()]
    await idle.get('/')
    old.ask('/slow')
    const client = await connect()
    const slow = client.ask('/slow')
    await Promise.all(begun.map(({ opened }) => opened))
    const run = shutdown.now()
    expect(await idle.ended()).toBe('FIN')
    await client.sees(/^GOAWAY 1,/)
    gate.open()

    expect(await client.answer(slow)).toEqual({ status: 200, body: 'done' })
    expect(await old.answer()).toMatchObject({ status: 200, body: 'done', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    expect(await old.ended()).toBe('FIN')
    expect(hookOf(await run)).toMatchObject({
      status: 'done',
      notes: [account(2, 1, 1), '1 HTTP/2 session closed'],
    })
  })

  test('answers the requests of both that were sent in the tick in which the shutdown began', async () => {
    const { connect, connectHttp1, shutdown } = await serveHttp2(later, {
      secure: true,
      server: { allowHTTP1: true },
    })
    const [old, client] = [await connectHttp1(), await connect()]
    await old.get('/')
    await client.get('/')
    old.ask('/')
    const stream = client.ask('/')
    const run = shutdown.now()

    expect(await old.answer()).toMatchObject({ status: 200, body: 'ok' })
    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await old.ended()).toBe('FIN')
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('answers a request of HTTP/1 whose headers had come in half', async () => {
    const { connectHttp1, server, shutdown } = await serveHttp2(later, {
      secure: true,
      server: { allowHTTP1: true },
      clock: new PollingClock(),
    })
    const client = await connectHttp1()
    client.send('GET /slow HTTP/1.1\r\nHos')
    const run = shutdown.now()
    await stoppedListening({ server })
    client.send('t: localhost\r\n\r\n')

    expect(await client.answer()).toMatchObject({ status: 200, body: 'ok', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('refuses late requests of both', async () => {
    const { connect, connectHttp1, server, shutdown } = await serveHttp2(later, {
      secure: true,
      server: { allowHTTP1: true },
      refuseWithin: '60s',
    })
    const [old, client] = [await connectHttp1(), await connect()]
    await old.get('/')
    await client.get('/')
    const run = shutdown.now()
    await until(() => !server.listening)
    old.ask('/')
    const stream = client.ask('/')

    expect(await old.answer()).toMatchObject({ status: 503, saysClose: true })
    expect(await client.answer(stream)).toMatchObject({ status: 503 })
    expect(await old.ended()).toBe('FIN')
    expect(await client.ended()).toBe('FIN')
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })
})
