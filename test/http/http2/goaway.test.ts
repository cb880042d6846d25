import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createShutdown } from 'lastcall'
import { httpServer } from 'lastcall/http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EVERY_STREAM, type RawSession } from '../../support/clients/raw-session.ts'
import {
  connectRaw,
  endedIn,
  type Http2Handler,
  http2Server,
  listenHttp2,
  serveHttp2,
  WAYS,
} from '../../support/http2-service.ts'
import { Gate, PollingClock, stoppedListening, until } from '../../support/service.ts'

const NOTICE = `GOAWAY ${EVERY_STREAM}, code 0`
const later: Http2Handler = (_, response) => void setImmediate(() => response.end('ok'))

/** The PINGs and GOAWAYs that a session got. */
function closeFrames({ log }: RawSession): string[] {
  return log.filter((line) => /^PING$|^GOAWAY/.test(line))
}

describe.each(WAYS)('GOAWAY over %s', (_, options) => {
  test('comes twice: a notice that allows every stream, and a round trip later the last one', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, shutdown } = await serveHttp2(
      async (request, response) => {
        if (request.url === '/slow') {
          begun.open()
          await gate.opened
        }
        response.end('ok')
      },
      { ...options, clock: new PollingClock() },
    )
    const client = await connect()
    await client.get('/')
    const slow = client.ask('/slow')
    await begun.opened
    const run = shutdown.now()
    await client.sees('GOAWAY 3, code 0')
    expect(closeFrames(client)).toEqual(['PING', 'PING', NOTICE, 'PING', 'GOAWAY 3, code 0'])
    gate.open()

    expect(await client.answer(slow)).toEqual({ status: 200, body: 'ok' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(new Set(client.goaways)).toEqual(new Set([EVERY_STREAM, 3]))
  })

  test('waits for the acknowledgement of the notice before it names the last stream', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, shutdown } = await serveHttp2(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { ...options, clock: new PollingClock() },
    )
    const client = await connect({ answersPings: false })
    client.ask('/')
    await begun.opened
    const run = shutdown.now()
    await client.sees('PING')
    client.pong()
    await client.sees('PING', 2)
    expect(client.goaways).toEqual([])
    client.pong()
    await client.sees(NOTICE)
    // Enough turns of the loop for whatever was not to wait.
    for (let turns = 0; turns < 20; turns++) await until(() => true)
    expect(client.goaways).toEqual([EVERY_STREAM])
    client.pong()
    await client.sees('GOAWAY 1, code 0')
    gate.open()

    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('to a session without streams needs no time to pass', async () => {
    const { connect, shutdown } = await serveHttp2(later, { ...options, clock: new PollingClock() })
    const client = await connect()
    await client.get('/')
    const run = shutdown.now()
    await client.sees('GOAWAY 1, code 0')

    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('comes after the answer to what was sent with the last PING’s acknowledgement', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(later, { ...options, clock })
    const client = await connect({ answersPings: false })
    await client.get('/')
    const run = shutdown.now()
    await client.sees('PING')
    client.pong()
    await client.sees('PING', 2)
    client.answersPings = true
    client.socket.cork()
    client.pong()
    const stream = client.ask('/')
    client.socket.uncork()
    for (let passed = 0; passed < 20; passed++) await clock.advance(1)

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await client.ended()).toBe('FIN')
    expect(client.goaways.at(-1)).toBe(stream)
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('never comes with a higher id than before, though its client never stops asking', async () => {
    const { connect, shutdown } = await serveHttp2(later, options)
    const client = await connect()
    const timer = setInterval(() => client.socket.writable && client.ask('/'), 1)
    onTestFinished(() => clearInterval(timer))
    await client.sees(/^DATA/, 20)
    const run = shutdown.now()
    await client.ended()

    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(client.goaways.length).toBeGreaterThan(0)
    expect(client.goaways.at(-1)).toBeLessThan(EVERY_STREAM)
    expect(client.goaways).toEqual([...client.goaways].sort((a, b) => b - a))
  })

  test('does not break into an answer that is being sent', async () => {
    const CHUNK = 'x'.repeat(10_000)
    const { connect, shutdown } = await serveHttp2(async (_, response) => {
      for (let chunks = 0; chunks < 300; chunks++) {
        if (!response.write(CHUNK)) await new Promise((drain) => response.once('drain', drain))
      }
      response.end()
    }, options)
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => connect({ window: 2 ** 30 })),
    )
    const streams = clients.map((client) => {
      client.allow(0, 2 ** 30)
      return client.ask('/')
    })
    await clients[0]?.has(1, 'x')
    const run = shutdown.now()

    for (const [index, client] of clients.entries()) {
      const { body } = await client.answer(streams[index] ?? 0)
      expect(body === CHUNK.repeat(300)).toBe(true)
      expect(client.goaways[0]).toBe(EVERY_STREAM)
      expect(await client.ended()).toBe('FIN')
    }
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

describe('a stream that crosses the notice', () => {
  test('is served over clear text, and the last GOAWAY knows of it', async () => {
    const { connect, shutdown } = await serveHttp2(later, { clock: new PollingClock() })
    const client = await connect({ answersPings: false })
    await client.get('/')
    const run = shutdown.now()
    await client.sees('PING')
    client.pong()
    await client.sees('PING', 2)
    client.pong()
    await client.sees(NOTICE)
    const crossing = Array.from({ length: 20 }, (_, n) => client.ask(`/crossing/${n}`))

    for (const stream of crossing) {
      expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    }
    client.pong()
    await client.sees(`GOAWAY ${crossing.at(-1)}, code 0`)
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('learns over TLS from the last GOAWAY that it was not processed', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const seen: string[] = []
    const { connect, shutdown } = await serveHttp2(
      async ({ url }, response) => {
        seen.push(url)
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { secure: true, clock: new PollingClock() },
    )
    const client = await connect({ answersPings: false })
    const before = client.ask('/before')
    await begun.opened
    const run = shutdown.now()
    await client.sees('PING')
    client.pong()
    await client.sees('PING', 2)
    client.pong()
    await client.sees(NOTICE)
    const crossing = client.ask('/crossing')
    await client.sees('PING', 3)
    client.pong()
    await client.sees(`GOAWAY ${before}, code 0`)
    gate.open()

    expect(await client.answer(before)).toEqual({ status: 200, body: 'ok' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(crossing).toBeGreaterThan(before)
    expect(seen).toEqual(['/before'])
    expect(client.frames.filter(({ stream }) => stream === crossing)).toEqual([])
  })

  test('learns so over TLS where its session was idle, and no reset erases that', async () => {
    const clock = new PollingClock()
    const seen: string[] = []
    const { connect, shutdown } = await serveHttp2(
      ({ url }, response) => {
        seen.push(url)
        response.end('ok')
      },
      { secure: true, clock },
    )
    const client = await connect()
    await client.get('/before')
    const run = shutdown.now()
    await client.sees(/^GOAWAY/)
    const crossing = client.ask('/crossing', { method: 'POST', ends: false })
    client.data(crossing, 'x'.repeat(16_000))

    expect(await endedIn(client, clock)).toBe('FIN')
    await client.closed()
    expect(client.ending).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(client.goaways.at(-1)).toBeLessThan(crossing)
    expect(seen).toEqual(['/before'])
  })

  test('does not use up the window of the streams before it, where its upload is ignored', async () => {
    const bodies: string[] = []
    const { connect, shutdown } = await serveHttp2(
      async (request, response) => {
        let body = ''
        for await (const chunk of request) body += chunk
        bodies.push(body)
        response.end('ok')
      },
      { secure: true, clock: new PollingClock() },
    )
    const client = await connect()
    const before = client.ask('/before', { method: 'POST', ends: false })
    client.data(before, 'a')
    await client.get('/')
    const run = shutdown.now()
    await client.sees(NOTICE)
    const crossing = client.ask('/crossing', { method: 'POST', ends: false })
    for (let sent = 0; sent < 6; sent++) client.data(crossing, 'x'.repeat(10_000))
    await until(() =>
      client.frames.some(({ type, stream }) => type === 'WINDOW_UPDATE' && stream === 0),
    )
    client.data(before, 'b'.repeat(16_000), { ends: true })

    expect(await client.answer(before)).toEqual({ status: 200, body: 'ok' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(bodies).toEqual(['', `a${'b'.repeat(16_000)}`])
  })
})

test('the notice goes out on a socket of the file system, too', async () => {
  const path = join(tmpdir(), `lastcall-${process.pid}.sock`)
  const server = http2Server(later)
  const shutdown = createShutdown({ exit: false, grace: '10s', log: false })
  shutdown.add(httpServer(server))
  await listenHttp2(server, path)
  const client = await connectRaw(path, { answersPings: false })
  await client.get('/')
  const run = shutdown.now()
  await client.sees('PING')
  client.answersPings = true
  client.pong()
  await client.sees(NOTICE)

  expect(await client.get('/crossing')).toEqual({ status: 200, body: 'ok' })
  expect(await client.ended()).toBe('FIN')
  expect(await run).toMatchObject({ outcome: 'clean' })
})

describe('the notice', () => {
  test("is Node's own GOAWAY behind an answer that a client who stopped reading holds up", async () => {
    const clock = new PollingClock()
    const sockets: Socket[] = []
    const body = 'x'.repeat(20_000_000)
    const { connect, server, shutdown } = await serveHttp2(
      (request, response) => response.end(request.url === '/large' ? body : 'ok'),
      { clock },
    )
    server.on('connection', (socket: Socket) => void sockets.push(socket))
    const client = await connect({ window: 2 ** 30 })
    client.allow(0, 2 ** 30)
    await client.get('/')
    const stream = client.ask('/large')
    await client.has(stream, 'x')
    client.socket.pause()
    await until(() => queued(sockets[0]) > 0)
    const run = shutdown.now()
    await stoppedListening({ server })
    // No PING comes back, and none is waited for longer than the linger.
    await clock.advance(500)
    client.socket.resume()

    const answer = await client.answer(stream)
    expect(answer.body === body).toBe(true)
    await client.sees(NOTICE)
    await clock.advance(1000)
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(new Set(client.goaways)).toEqual(new Set([EVERY_STREAM, stream]))
  })
})

/** What Node has still to give to the kernel, in bytes. */
function queued(socket: Socket | undefined): number {
  const { _handle } = socket as unknown as { _handle: { writeQueueSize: number } | null }
  return _handle?.writeQueueSize ?? 0
}
