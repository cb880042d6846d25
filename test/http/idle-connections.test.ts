import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect as connectPlainly } from 'node:net'
import { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { type RawClient, requestOf } from '../support/clients/raw-client.ts'
import {
  account,
  block,
  hookOf,
  PollingClock,
  serve,
  stoppedListening,
  until,
} from '../support/service.ts'

/** A client is known by its address. */
const ANOTHER = { localAddress: '127.0.0.2' }

/** A clock whose poll phases end when a test says so. */
class HeldClock extends PollingClock {
  isHeld = false
  readonly #held: (() => void)[] = []

  override afterPoll(run: () => void): void {
    if (this.isHeld) this.#held.push(run)
    else super.afterPoll(run)
  }

  /** Ends one, in which nothing more is read. */
  async release(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.isHeld = false
    for (const run of this.#held.splice(0)) run()
  }
}

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
    // An answer to another client: whatever was written to the first has arrived by then.
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
    'closes one that had been silent for more than twice the linger in both directions, and waits for no client',
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
    await clock.advance(400)
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
    await clock.advance(400)
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

  test('closes one that has itself been silent for four lingers, though its client speaks on others', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const pool = await Promise.all(Array.from({ length: 10 }, () => connect()))
    const [first, second, ...speaking] = pool as [RawClient, RawClient, ...RawClient[]]
    await first.get('/')
    await clock.advance(100)
    await second.get('/')
    await clock.advance(100)
    for (const client of speaking) await client.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    const speak = async () => {
      const client = speaking.pop()
      expect(await client?.get('/')).toMatchObject({ saysClose: true })
    }
    // Never as much as a linger without one.
    for (let at = 200; at < 800; at += 200) {
      await clock.advance(200)
      await speak()
    }
    await clock.advance(190)
    await speak()
    await clock.advance(9)
    await speak()
    expect(first.ending).toBeUndefined()
    await clock.advance(1)
    expect(await first.ended()).toBe('FIN')
    await speak()
    await clock.advance(99)
    await speak()
    expect(second.ending).toBeUndefined()
    await clock.advance(1)
    expect(await second.ended()).toBe('FIN')

    // The rest of the pool says nothing more, and is closed.
    await clock.advance(250)
    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(10, 7, 3)] })
  })

  test('closes one at once that had been silent for so long, and keeps those that had not', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const pool = await Promise.all(Array.from({ length: 50 }, () => connect()))
    for (const client of pool) await client.get('/')
    await clock.advance(999)
    const [late, busy] = [await connect(), await connect()]
    await late.get('/')
    await clock.advance(1)
    await busy.get('/')
    const at = clock.now()
    const run = shutdown.now()
    for (const client of pool) expect(await client.ended()).toBe('FIN')
    expect(clock.now()).toBe(at)

    await stoppedListening({ server })
    expect(await late.get('/')).toMatchObject({ saysClose: true })
    expect(await busy.get('/')).toMatchObject({ saysClose: true })
    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(52, 2, 50)] })
  })

  test.each(['is used', 'is silent, too'])(
    'keeps the one of a client that is used next, until it %s',
    async (then) => {
      const clock = new PollingClock()
      const { connect, server, shutdown } = await serve(later, { secure, clock })
      const [last, next] = [await connect(), await connect()]
      const speaking = await Promise.all(Array.from({ length: 4 }, () => connect()))
      // What another client has open, and used later, is nothing to this one.
      const another = await connect(ANOTHER)
      speaking.push(...(await Promise.all(speaking.map(() => connect(ANOTHER)))))
      await last.get('/')
      await clock.advance(1)
      await next.get('/')
      await clock.advance(199)
      for (const client of [...speaking, another]) await client.get('/')
      const run = shutdown.now()
      await stoppedListening({ server })
      for (let n = 0; n < 4; n++) {
        await clock.advance(190)
        await speaking[n]?.get('/')
        await speaking[n + 4]?.get('/')
      }
      await clock.advance(39)
      expect(last.ending).toBeUndefined()
      await clock.advance(1)
      expect(await last.ended()).toBe('FIN')
      await clock.advance(209)
      expect(next.ending).toBeUndefined()
      if (then === 'is used') expect(await next.get('/')).toMatchObject({ saysClose: true })
      await clock.advance(1)
      expect(await next.ended()).toBe('FIN')

      const [afterResponse, idle] = then === 'is used' ? [9, 2] : [8, 3]
      expect(hookOf(await run)).toMatchObject({
        status: 'done',
        notes: [account(11, afterResponse, idle)],
      })
    },
  )

  test('keeps none for its neighbours where the linger is 0', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serve(later, { secure, clock, linger: 0 })
    const pool = await Promise.all(Array.from({ length: 3 }, () => connect()))
    for (const client of pool) await client.get('/')
    const run = shutdown.now()
    for (const client of pool) expect(await client.ended()).toBe('FIN')

    expect(clock.now()).toBe(0)
    await clock.advance(0)
    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(3, 0, 3)] })
  })

  test('waits for the rest of a request, and for an answer, on one that has been silent for so long', async () => {
    const clock = new PollingClock()
    const responses: ServerResponse[] = []
    const { connect, server, shutdown } = await serve(
      (request, response) => {
        if (request.url === '/slow') responses.push(response)
        else setImmediate(() => response.end('ok'))
      },
      { secure, clock },
    )
    const [halfSent, inFlight, witness] = [await connect(), await connect(), await connect()]
    const speaking = await Promise.all(Array.from({ length: 4 }, () => connect()))
    const usedLast = await connect()
    for (const client of [halfSent, inFlight, witness]) await client.get('/')
    await clock.advance(200)
    for (const client of [...speaking, usedLast]) await client.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    for (const client of speaking) {
      await clock.advance(199)
      await client.get('/')
    }
    const request = requestOf('/')
    halfSent.send(request.slice(0, 10))
    inFlight.ask('/slow')
    await until(() => responses.length === 1)
    await clock.advance(4)
    expect(await witness.ended()).toBe('FIN')
    await clock.advance(2000)
    expect([halfSent.ending, inFlight.ending]).toEqual([undefined, undefined])

    halfSent.send(request.slice(10))
    expect(await halfSent.answer()).toMatchObject({ status: 200, saysClose: true })
    responses[0]?.end('ok')
    expect(await inFlight.answer()).toMatchObject({ status: 200, saysClose: true })
    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(8, 6, 2)] })
  })

  test('does not count the time that a poll phase takes for its silence', async () => {
    const clock = new HeldClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const [idle, busy] = [await connect(), await connect()]
    await idle.get('/')
    await clock.advance(240)
    await busy.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    clock.isHeld = true
    await clock.advance(10)
    // In the poll phase: others take long, and it speaks meanwhile.
    clock.block(1000)
    const released = clock.release()
    idle.ask('/')
    await released

    expect(await idle.answer()).toMatchObject({ status: 200, saysClose: true })
    await clock.advance(250)
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
    // Silent for longer, so that its end shows that silence has been checked.
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
      '1 request not handled: arrived while the connection was closing',
    ])
  })

  test('answers a request that the kernel held while the loop was blocked for longer than the linger', async () => {
    const { connect, server, shutdown } = await serve(later, { secure, linger: '300ms' })
    const client = await connect()
    await client.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    client.ask('/')
    block(400)

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
    // Both are read in one poll phase, after which silence is checked: the idle one's time is over.
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
