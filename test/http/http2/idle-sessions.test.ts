import { once } from 'node:events'
import type { Http2ServerResponse } from 'node:http2'
import { connect as connectPlainly } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RawSession, secured } from '../../support/clients/raw-session.ts'
import {
  askNode,
  endedIn,
  type Http2Handler,
  serveHttp2,
  WAYS,
} from '../../support/http2-service.ts'
import { hookOf, PollingClock, stoppedListening, until } from '../../support/service.ts'

const later: Http2Handler = (_, response) => void setImmediate(() => response.end('ok'))

describe.each(WAYS)('sessions without streams over %s', (_, options) => {
  test('are closed, and need not be waited for', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(later, { ...options, clock })
    const clients = [await connect(), await connect()]
    for (const client of clients) await client.get('/')
    const run = shutdown.now()
    for (const client of clients) expect(await endedIn(client, clock, 50)).toBe('FIN')

    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: ['2 HTTP/2 sessions closed'] })
  })

  test('are closed by hundreds, and each stream in flight on others is answered', async () => {
    const responses: Http2ServerResponse[] = []
    const { connect, shutdown } = await serveHttp2((request, response) => {
      if (request.url === '/slow') responses.push(response)
      else response.end('ok')
    }, options)
    const clients = await Promise.all(Array.from({ length: 200 }, () => connect()))
    await Promise.all(clients.map((client) => client.get('/')))
    const busy = clients.filter((_, index) => index % 3 === 0)
    const streams = busy.map((client) => [client.ask('/slow'), client.ask('/slow')])
    await until(() => responses.length === 2 * busy.length)
    const run = shutdown.now()
    const others = clients.filter((_, index) => index % 3 !== 0)
    for (const client of others) expect(await client.ended()).toBe('FIN')
    for (const response of responses) response.end('done')

    for (const [index, client] of busy.entries()) {
      for (const stream of streams[index] ?? []) {
        expect(await client.answer(stream)).toEqual({ status: 200, body: 'done' })
      }
      expect(await client.ended()).toBe('FIN')
    }
    expect(hookOf(await run)).toMatchObject({
      status: 'done',
      notes: ['200 HTTP/2 sessions closed'],
    })
  })

  test('of Node’s own client are closed by hundreds, too', async () => {
    const { connectNode, shutdown } = await serveHttp2(later, options)
    const clients = await Promise.all(Array.from({ length: 100 }, () => connectNode()))
    await Promise.all(clients.map((client) => askNode(client, '/')))
    const closed = Promise.all(clients.map((client) => once(client, 'close')))
    const run = shutdown.now()
    await closed

    expect(hookOf(await run)).toMatchObject({
      status: 'done',
      notes: ['100 HTTP/2 sessions closed'],
    })
  })

  test('that have just been opened have their first request served within the linger', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serveHttp2(later, { ...options, clock })
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(249)
    expect(client.goaways).toEqual([])

    expect(await client.get('/')).toEqual({ status: 200, body: 'ok' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that have just been opened and stay silent are closed after the linger', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serveHttp2(later, { ...options, clock })
    const client = await connect()
    await client.sees('SETTINGS ack')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(250)

    expect(await endedIn(client, clock, 50)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that were opened longer ago than the linger are closed at once', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(later, { ...options, clock })
    const client = await connect()
    await client.sees('SETTINGS ack')
    await clock.advance(250)
    const run = shutdown.now()

    expect(await endedIn(client, clock, 50)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('whose client never says that it speaks HTTP/2 are closed', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(later, { ...options, clock })
    const client = await connect({ greets: false })
    const run = shutdown.now()

    expect(await endedIn(client, clock, 2000)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('whose client greets only while the server stops listening have their first request served', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serveHttp2(later, { ...options, clock })
    const client = await connect({ greets: false })
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(200)
    client.greet()

    expect(await client.get('/')).toEqual({ status: 200, body: 'ok' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that are opened while the server stops listening have their first request served', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(later, { ...options, clock })
    const connecting = Promise.all(Array.from({ length: 20 }, () => connect()))
    const run = shutdown.now()

    for (const client of await connecting) {
      expect(await client.get('/')).toEqual({ status: 200, body: 'ok' })
      expect(await endedIn(client, clock)).toBe('FIN')
    }
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('are left alone in the lame duck, in which new ones are served', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serveHttp2(later, {
      ...options,
      clock,
      lameDuck: '300ms',
    })
    const client = await connect()
    await client.get('/')
    const run = shutdown.now()
    await clock.advance(299)
    const other = await connect()
    expect(await other.get('/')).toEqual({ status: 200, body: 'ok' })
    expect(await client.get('/')).toEqual({ status: 200, body: 'ok' })
    expect(client.log).not.toContain('PING')
    await clock.advance(1)
    await stoppedListening({ server })

    await expect(connect()).rejects.toThrow('ECONNREFUSED')
    for (const one of [client, other]) expect(await endedIn(one, clock)).toBe('FIN')
    const report = await run
    expect(hookOf(report, 'http:unbind')?.notes).toEqual(['lame duck of 300 ms: the minimum'])
    expect(hookOf(report)).toMatchObject({ status: 'done', notes: ['2 HTTP/2 sessions closed'] })
  })

  test('are closed though the application has a PING of its own out, and more are not allowed', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serveHttp2(later, {
      ...options,
      clock,
      server: { ...options.server, maxOutstandingPings: 1 },
    })
    server.on('session', (session) => void session.ping(() => {}))
    const client = await connect({ answersPings: false })
    await client.get('/')
    const run = shutdown.now()

    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('of which new ones are refused', async () => {
    const { connect, server, shutdown } = await serveHttp2(later, options)
    const run = shutdown.now()
    await stoppedListening({ server })

    await expect(connect()).rejects.toThrow('ECONNREFUSED')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

describe.each(WAYS.slice(1))(
  'a session whose handshake is not over when the drain begins, over %s',
  (_, options) => {
    test('has its first request served', async () => {
      const clock = new PollingClock()
      const { port, server, shutdown } = await serveHttp2(later, { ...options, clock })
      const socket = connectPlainly({ port, host: '127.0.0.1', allowHalfOpen: true })
      onTestFinished(() => void socket.destroy())
      const accepted = once(server, 'connection')
      await once(socket, 'connect')
      await accepted
      const run = shutdown.now()
      await stoppedListening({ server })
      await clock.advance(200)
      const secure = secured(socket)
      await once(secure, 'secureConnect')
      const client = new RawSession(secure)
      await clock.advance(200)

      expect(await client.get('/')).toEqual({ status: 200, body: 'ok' })
      expect(await endedIn(client, clock)).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
    })
  },
)
