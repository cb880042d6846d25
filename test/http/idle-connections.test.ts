import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect as connectPlainly } from 'node:net'
import { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { requestOf } from '../support/clients/raw-client.ts'
import {
  account,
  block,
  hookOf,
  PollingClock,
  serve,
  stoppedListening,
  until,
} from '../support/programs/service.ts'

/** A client is known by its address. */
const ANOTHER = { localAddress: '127.0.0.2' }

const later: RequestListener = (_, response) => void setImmediate(() => response.end('ok'))

describe.each([
  ['http', false],
  ['https', true],
])('idle connections over %s', (_, secure) => {
  test('half-closes a connection once it has been silent for the linger, and not before', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock, linger: '200ms' })
    const [client, other] = [await connect({ halfOpen: true }), await connect(ANOTHER)]
    await client.get('/')
    await clock.advance(150)
    await other.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(49)
    // An answer to somebody else: whatever was written to the first has arrived by then.
    expect(await other.get('/')).toMatchObject({ saysClose: true })
    expect(client.ending).toBeUndefined()

    await clock.advance(1)
    expect(await client.ended()).toBe('FIN')
    client.socket.end()
    expect(hookOf(await run)).toMatchObject({
      status: 'done',
      notes: [account(2, 1, 1)],
    })
  })

  test('half-closes a connection at once that had been silent for longer than the linger', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serve(later, { secure, clock })
    const client = await connect()
    await client.get('/')
    await clock.advance(5000)
    const at = clock.now()

    expect(hookOf(await shutdown.now())).toMatchObject({
      status: 'done',
      notes: [account(1, 0, 1)],
    })
    expect(await client.ended()).toBe('FIN')
    expect(clock.now()).toBe(at)
  })

  test.skipIf(secure)(
    'closes one that had been silent for more than twice the linger in both directions, and waits for nobody',
    async () => {
      const clock = new PollingClock()
      const { connect, server, shutdown } = await serve(later, { clock, linger: '200ms' })
      // Node would end it, too, after some seconds.
      server.keepAliveTimeout = 0
      const client = await connect({ halfOpen: true })
      await client.get('/')
      await clock.advance(401)
      const at = clock.now()
      expect(hookOf(await shutdown.now())).toMatchObject({
        status: 'done',
        notes: [account(1, 0, 1)],
      })
      expect(clock.now()).toBe(at)
      expect(client.socket.writableEnded).toBe(false)
    },
  )

  test('half-closes the connections in the order in which they fell silent, however old they are', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const [older, younger] = [await connect(ANOTHER), await connect()]
    await younger.get('/')
    await clock.advance(200)
    await older.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(50)
    expect(await younger.ended()).toBe('FIN')
    expect(older.ending).toBeUndefined()
    await clock.advance(200)

    expect(await older.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('keeps a silent connection of a client that has just been heard on another, until that is silent, too', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const [idle, busy, stranger] = [await connect(), await connect(), await connect(ANOTHER)]
    // A proxy keeps more connections than it needs, and may use any of them next.
    await idle.get('/')
    await stranger.get('/')
    await clock.advance(5000)
    await busy.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    expect(await stranger.ended()).toBe('FIN')
    await clock.advance(200)
    expect(await busy.get('/')).toMatchObject({ saysClose: true })
    await clock.advance(249)
    expect(idle.ending).toBeUndefined()
    expect(await idle.get('/')).toMatchObject({ saysClose: true })

    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(3, 2, 1)] })
  })

  test('closes it when that client has been silent for the linger on all of its connections', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const [idle, busy] = [await connect(), await connect()]
    await idle.get('/')
    await clock.advance(5000)
    await busy.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(200)
    expect(await busy.get('/')).toMatchObject({ saysClose: true })
    await clock.advance(249)
    expect(idle.ending).toBeUndefined()
    await clock.advance(1)
    expect(await idle.ended()).toBe('FIN')

    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(2, 1, 1)] })
  })

  test('half-closes a connection that has never sent a byte', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(250)

    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('counts the linger from the last answer that was given during the drain', async () => {
    const clock = new PollingClock()
    const responses: ServerResponse[] = []
    // Its head is written before, so it can not say close.
    const handler: RequestListener = (_, response) => {
      responses.push(response)
      response.flushHeaders()
    }
    const { connect, server, shutdown } = await serve(handler, { secure, clock })
    const [client, witness] = [await connect(), await connect(ANOTHER)]
    client.ask('/')
    await client.has('\r\n\r\n')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(200)
    responses[0]?.end('ok')
    expect(await client.answer()).toMatchObject({ body: 'ok', saysClose: false })
    await until(() => responses[0]?.closed === true)
    await clock.advance(249)
    // Silent for longer, so that its end shows that silence has been judged.
    expect(await witness.ended()).toBe('FIN')
    expect(client.ending).toBeUndefined()
    await clock.advance(1)

    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('does not wait longer than the linger for a client that keeps its own side open', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const client = await connect({ halfOpen: true })
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(250)
    expect(await client.ended()).toBe('FIN')
    await clock.advance(250)

    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(client.socket.writableEnded).toBe(false)
  })

  test('has no request handled that crosses the end of its connection', async () => {
    const clock = new PollingClock()
    const urls: (string | undefined)[] = []
    const { connect, server, shutdown } = await serve(
      (request, response) => {
        urls.push(request.url)
        response.end('ok')
      },
      { secure, clock },
    )
    const client = await connect({ halfOpen: true })
    await client.get('/before')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(250)
    await client.ended()
    client.ask('/after')
    client.socket.end()

    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(urls).toEqual(['/before'])
    expect(hookOf(await run)?.notes).toEqual([
      account(1, 0, 1),
      '1 request crossed the closing of a connection, unread',
    ])
  })

  test('answers a request that the kernel held while the loop was blocked for longer than the linger', async () => {
    const { connect, server, shutdown } = await serve(later, { secure, linger: '50ms' })
    const client = await connect()
    await client.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    client.ask('/')
    block(100)

    expect(await client.answer()).toMatchObject({ status: 200, saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('answers a request that came while another one blocked the loop for longer than the linger', async () => {
    const responses: ServerResponse[] = []
    const { connect, server, shutdown } = await serve(
      (request, response) => {
        if (request.url === '/streams') {
          // Its head is written before the drain, so it can not say close.
          response.flushHeaders()
          responses.push(response)
          return
        }
        response.end(request.url)
        if (request.url === '/ends') responses[0]?.end('streamed')
        if (request.url !== '/blocks') return
        // The next request of the first client comes while this one is worked on.
        client.ask('/next')
        block(120)
      },
      { secure, linger: '60ms' },
    )
    const [client, ends, blocks] = [await connect(), await connect(), await connect()]
    const idle = await connect()
    client.ask('/streams')
    await client.has('\r\n\r\n')
    await Promise.all([ends.get('/'), blocks.get('/'), idle.get('/')])
    const run = shutdown.now()
    await stoppedListening({ server })
    ends.ask('/ends')
    blocks.ask('/blocks')
    // Both are read in one poll phase, after which silence is judged: the idle one's time is over.
    block(80)

    const answers = await client.answers(2)
    expect(answers.map(({ body }) => body)).toEqual(['streamed', '/next'])
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

describe('connections whose TLS handshake is not over', () => {
  test('do not hold the drain up for longer than the linger', async () => {
    const clock = new PollingClock()
    const { port, server, shutdown } = await serve(later, { secure: true, clock, timeout: '2s' })
    const socket = connectPlainly(port, '127.0.0.1')
    await Promise.all([once(socket, 'connect'), once(server, 'connection')])
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(1000)
    const report = await run
    socket.destroy()

    expect(report).toMatchObject({ outcome: 'clean' })
  })

  test('may come to their end during the drain', async () => {
    const { port, server, shutdown } = await serve(later, { secure: true })
    const raw = connectPlainly(port, '127.0.0.1')
    await Promise.all([once(raw, 'connect'), once(server, 'connection')])
    const run = shutdown.now()
    await stoppedListening({ server })
    const socket = new TLSSocket(raw, { rejectUnauthorized: false })
    socket.setEncoding('latin1')
    socket.write(requestOf('/'))
    let received = ''
    for await (const text of socket) received += text

    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Connection: close\r\n/)
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})
