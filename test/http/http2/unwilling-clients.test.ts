import type { Http2Server, Http2ServerResponse } from 'node:http2'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Clients } from '../../../src/http/clients.ts'
import { bytesInWrite } from '../../../src/http/node/bytes-in-write.ts'
import {
  EVERY_STREAM,
  headersFrame,
  type RawSessionOptions,
} from '../../support/clients/raw-session.ts'
import {
  connectRaw,
  endedIn,
  type Http2Handler,
  http2Server,
  listenHttp2,
  serveHttp2,
  WAYS,
} from '../../support/http2-service.ts'
import { hookOf, PollingClock, stoppedListening, until } from '../../support/service.ts'
import { type VirtualDrainOptions, virtualDrain } from '../../support/virtual-drain.ts'

const NOTICE = `GOAWAY ${EVERY_STREAM}, code 0`
const later: Http2Handler = (_, response) => void setImmediate(() => response.end('ok'))

describe.each(WAYS)('a client over %s', (_, options) => {
  test('that answers no PING has its streams answered, and is left in the end', async () => {
    const clock = new PollingClock()
    const responses: Http2ServerResponse[] = []
    const { connect, server, shutdown } = await serveHttp2(
      (request, response) => {
        if (request.url === '/slow') responses.push(response)
        else response.end('ok')
      },
      { ...options, clock },
    )
    const client = await connect({ answersPings: false })
    const slow = client.ask('/slow')
    await until(() => responses.length === 1)
    const run = shutdown.now()
    await client.sees('PING')
    const held = client.ask('/held')
    await stoppedListening({ server })
    for (let passed = 0; passed < 2000; passed += 10) await clock.advance(10)
    expect(await client.answer(held)).toEqual({ status: 200, body: 'ok' })
    await client.sees(/^GOAWAY 3,/)
    responses[0]?.end('done')

    expect(await client.answer(slow)).toEqual({ status: 200, body: 'done' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that answers no PING and has no stream is left in the end, too', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(later, { ...options, clock })
    const client = await connect({ answersPings: false })
    await client.get('/')
    const run = shutdown.now()
    await client.sees('PING')

    expect(await endedIn(client, clock, 2000)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that does not care about GOAWAY has each stream answered up to the last one’s id, and is left', async () => {
    const served: number[] = []
    const { connect, shutdown } = await serveHttp2((request, response) => {
      served.push(request.stream.id ?? 0)
      setImmediate(() => response.end('ok'))
    }, options)
    const client = await connect()
    // One stream after the other, eight at a time, as long as it can send.
    const ask = async (): Promise<void> => {
      await client.get('/')
      return ask()
    }
    const all = Promise.allSettled(Array.from({ length: 8 }, ask))
    await until(() => served.length > 50)
    const run = shutdown.now()
    await client.ended()
    await all

    expect(hookOf(await run)).toMatchObject({
      status: 'done',
      notes: ['1 HTTP/2 session closed'],
    })
    const last = client.goaways.at(-1) ?? 0
    expect(Math.max(...served)).toBe(last)
    for (const stream of served) expect(client.status(stream)).toBe(200)
    expect(client.log.filter((line) => line.startsWith('RST_STREAM'))).toEqual([])
  })

  test('that opens a stream each millisecond has each answered up to the last one’s id, and is left', async () => {
    const served: number[] = []
    const { connect, shutdown } = await serveHttp2((request, response) => {
      served.push(request.stream.id ?? 0)
      setTimeout(() => response.end('ok'), 10)
    }, options)
    const client = await connect()
    const timer = setInterval(() => client.socket.writable && client.ask('/'), 1)
    onTestFinished(() => clearInterval(timer))
    await until(() => served.length > 50)
    const run = shutdown.now()
    await client.ended()

    expect(await run).toMatchObject({ outcome: 'clean' })
    const last = client.goaways.at(-1) ?? 0
    expect(Math.max(...served)).toBe(last)
    for (const stream of served) expect(client.status(stream)).toBe(200)
    expect(client.log.filter((line) => line.startsWith('RST_STREAM'))).toEqual([])
  })

  test('that never finishes its request is answered, reset without an error, and left', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(
      (request, response) => {
        request.resume()
        response.end('ok')
      },
      { ...options, clock },
    )
    const client = await connect()
    const stream = client.ask('/', { method: 'POST', ends: false })
    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    await clock.advance(200)
    expect(client.log).not.toContain('RST_STREAM 1, code 0')
    await clock.advance(50)
    await client.sees('RST_STREAM 1, code 0')

    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that never finishes its request, and never stops sending PINGs, is left after four lingers', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(
      (request, response) => {
        request.resume()
        response.end('ok')
      },
      { ...options, clock },
    )
    const client = await connect()
    const stream = client.ask('/', { method: 'POST', ends: false })
    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    let pings = client.log.filter((line) => line === 'PING ack').length
    const speak = async (milliseconds: number) => {
      client.ping()
      await client.sees('PING ack', ++pings)
      await clock.advance(milliseconds)
    }
    // A part of it counts, as seen when the linger is over in which it comes.
    client.data(stream, 'a part')
    for (let n = 0; n < 12; n++) await speak(100)
    await speak(49)
    expect(client.log).not.toContain('RST_STREAM 1, code 0')
    await clock.advance(1)
    await client.sees('RST_STREAM 1, code 0')

    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that keeps its side open is cut after the linger', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(later, { ...options, clock })
    const client = await connect()
    await client.get('/')
    const run = shutdown.now()
    expect(await client.ended({ stays: true })).toBe('FIN')
    expect(shutdown.report).toBeUndefined()
    await clock.advance(250)

    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(client.socket.writableEnded).toBe(false)
  })

  test('that closes its side between the two GOAWAYs holds nothing up', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(() => {}, { ...options, clock, goneClients: 0 })
    const client = await connect({ answersPings: false })
    client.ask('/')
    const run = shutdown.now()
    await client.sees('PING')
    // Node ends a session whose client has ended its side, and the streams with it.
    client.socket.end()

    expect(await endedIn(client, clock, 2000)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that goes away between the two GOAWAYs holds nothing up', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(() => {}, { ...options, clock, goneClients: 0 })
    const client = await connect({ answersPings: false })
    client.ask('/')
    const run = shutdown.now()
    await client.sees('PING')
    client.pong()
    await client.sees('PING', 2)
    client.pong()
    await client.sees(NOTICE)
    client.socket.destroy()

    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that sends a byte a second has the rest answered, and learns that this was not processed', async () => {
    const clock = new PollingClock()
    const responses: Http2ServerResponse[] = []
    const seen: string[] = []
    const { connect, server, shutdown } = await serveHttp2(
      ({ url }, response) => {
        seen.push(url)
        responses.push(response)
      },
      { ...options, clock },
    )
    const client = await connect({ answersPings: false })
    const stream = client.ask('/before')
    await until(() => responses.length === 1)
    await client.sees('SETTINGS')
    // It can answer no PING before it has sent the rest of the frame.
    const slow = headersFrame(3, '/slow')
    client.send(slow.subarray(0, 1))
    const run = shutdown.now()
    await stoppedListening({ server })
    for (let sent = 1; sent < 5; sent++) {
      client.send(slow.subarray(sent, sent + 1))
      for (let passed = 0; passed < 1000; passed += 50) await clock.advance(50)
    }
    responses[0]?.end('ok')

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(client.goaways.at(-1)).toBe(1)
    expect(seen).toEqual(['/before'])
  })

  test('that lets no answer come is ended 2 s after the last work, and named', async () => {
    const { client, drain } = await largeAnswer(100_000, { window: 0 })
    const stream = client.ask('/large?token=secret')
    await until(() => client.status(stream) === 200)
    await drain.begin()
    await drain.clock.advance(1999)
    expect(client.ending).toBeUndefined()
    await drain.clock.advance(251)

    expect(await drain.notes()).toEqual([
      expect.stringMatching(
        /^ended, 2 s after the last work: GET \/large \(HTTP\/2\), [\d.]+ s old, from 127\.0\.0\.1$/,
      ),
      '1 HTTP/2 session closed',
    ])
    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(await client.ended()).toBeDefined()
  })

  test('that reads nothing is ended 2 s after the last work, and named', async () => {
    const { client, drain, server } = await largeAnswer(30_000_000, { window: 2 ** 30 })
    client.allow(0, 2 ** 30)
    client.socket.pause()
    client.ask('/large')
    await untilBlocked(server)
    await drain.begin()
    await drain.clock.advance(1999)
    expect(drain.isOver).toBe(false)
    await drain.clock.advance(501)

    expect(await drain.notes()).toEqual([
      expect.stringMatching(
        /^ended, 2 s after the last work: GET \/large \(HTTP\/2\), [\d.]+ s old, from 127\.0\.0\.1: [\d.]+ MB not taken by the client$/,
      ),
      '1 HTTP/2 session closed',
    ])
    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    client.socket.resume()
    expect(await client.ended()).toBeDefined()
  })

  test('that takes all at once into its window, and reads it slowly, is waited for', async () => {
    const { client, drain, server } = await largeAnswer(30_000_000, { window: 2 ** 30 })
    client.allow(0, 2 ** 30)
    client.socket.pause()
    const stream = client.ask('/large')
    await untilBlocked(server)
    await drain.begin()
    for (let step = 1; step <= 5; step++) {
      await drain.clock.advance(1500)
      client.socket.resume()
      await until(() => client.socket.bytesRead > step * 5_000_000)
      client.socket.pause()
    }
    expect(drain.isOver).toBe(false)
    client.socket.resume()

    expect((await client.answer(stream)).body).toHaveLength(30_000_000)
    await client.ended()
    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(drain.complaints).toEqual([])
  })

  test('that lets the answer come slowly is waited for', async () => {
    const { client, drain } = await largeAnswer(100_000, { window: 10_000 })
    const stream = client.ask('/large')
    await until(() => client.status(stream) === 200)
    await drain.begin()
    for (let left = 90_000; left > 0; left -= 15_000) {
      await drain.clock.advance(1400)
      client.allow(stream, 15_001)
      client.allow(0, 15_001)
    }

    expect((await client.answer(stream)).body).toHaveLength(100_000)
    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(drain.complaints).toEqual([])
  })

  test('that comes to no end is ended at a limit that comes before, and changes no exit code', async () => {
    const { client, drain } = await largeAnswer(100_000, { window: 0 }, { timeout: '1s' })
    const stream = client.ask('/large')
    await until(() => client.status(stream) === 200)
    await drain.begin()
    await drain.clock.advance(980)
    await drain.over()

    expect(drain.complaints).toEqual([
      expect.stringMatching(/^error: hook 'http': ended at the limit: GET \/large \(HTTP\/2\), /),
    ])
    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
  })

  /** A service whose answers have so many bytes, with a client of it. */
  async function largeAnswer(
    bytes: number,
    client: RawSessionOptions,
    wanted: VirtualDrainOptions = {},
  ) {
    const server = http2Server(
      (_, response) => response.end('x'.repeat(bytes)),
      options.secure,
      options.server,
    )
    const drain = virtualDrain(server, wanted)
    const port = await listenHttp2(server)
    const { secure = false } = options
    return { client: await connectRaw(port, { secure, ...client }), drain, server }
  }
})

/** Waits until a server's only client takes nothing more. */
async function untilBlocked(server: Http2Server): Promise<void> {
  const { sessions } = Clients.known(server) as Clients
  let [before, same] = [-1, 0]
  await until(() => {
    const [session] = sessions.open
    const left = session ? bytesInWrite(session.socket) : 0
    same = left === before && left > 0 ? same + 1 : 0
    before = left
    return same > 20
  })
}
