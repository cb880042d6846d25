import type { Http2ServerResponse } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { EVERY_STREAM, type RawSession } from '../../support/clients/raw-session.ts'
import { collectFaults } from '../../support/hooks/faults.ts'
import { endedIn, type Http2Handler, serveHttp2, WAYS } from '../../support/http2-service.ts'
import { hookOf, PollingClock, stoppedListening, until } from '../../support/service.ts'

const NOTICE = `GOAWAY ${EVERY_STREAM}, code 0`

const CODES = [
  ['NO_ERROR', 0],
  ['INTERNAL_ERROR', 2],
  ['CANCEL', 8],
] as const

/** Answers PINGs from here on, and lets pass what the server waits between them, until it has its silence. */
async function fallSilent(client: RawSession, clock: PollingClock): Promise<void> {
  client.answersPings = true
  client.pong()
  for (let waited = 0; waited < 100 && client.goaways.length === 0; waited++) await clock.advance(1)
  await client.sees(NOTICE)
}

/** Waits until the server has read all that was sent: it answers a PING of ours behind it. */
async function isRead(client: RawSession): Promise<void> {
  const before = client.log.filter((line) => line === 'PING ack').length
  client.ping()
  await client.sees('PING ack', before + 1)
}

describe.each(WAYS)(
  'streams that are held until their session is notified, over %s',
  (_, options) => {
    test('are served in the order in which they came, and answered after the notice', async () => {
      const clock = new PollingClock()
      const seen: string[] = []
      const { connect, shutdown } = await serveHttp2(
        ({ url }, response) => {
          seen.push(url)
          response.end('ok')
        },
        { ...options, clock },
      )
      const client = await connect({ answersPings: false })
      await client.get('/')
      const run = shutdown.now()
      await client.sees('PING')
      const streams = Array.from({ length: 5 }, (_, n) => client.ask(`/${n}`))
      await isRead(client)
      expect(seen).toEqual(['/'])
      await fallSilent(client, clock)

      for (const stream of streams) {
        expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
      }
      expect(seen).toEqual(['/', '/0', '/1', '/2', '/3', '/4'])
      expect(client.log.indexOf(NOTICE)).toBeLessThan(client.log.indexOf('HEADERS 3: 200'))
      expect(await endedIn(client, clock)).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
    })

    test('wait no longer than the linger, though their client answers the first PING only', async () => {
      const clock = new PollingClock()
      const { connect, shutdown } = await serveHttp2((_, response) => response.end('ok'), {
        ...options,
        clock,
      })
      const client = await connect({ answersPings: false })
      await client.get('/')
      const run = shutdown.now()
      await client.sees('PING')
      await clock.advance(200)
      client.pong()
      await client.sees('PING', 2)
      const held = client.ask('/held')
      await isRead(client)
      await clock.advance(50)
      await client.sees(NOTICE)

      expect(await client.answer(held)).toEqual({ status: 200, body: 'ok' })
      expect(await endedIn(client, clock, 2000)).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
    })

    test('have all of an upload that came meanwhile', async () => {
      const clock = new PollingClock()
      const { connect, shutdown } = await serveHttp2(
        async (request, response) => {
          let body = ''
          for await (const chunk of request) body += chunk
          response.end(body)
        },
        { ...options, clock },
      )
      const client = await connect({ answersPings: false })
      await client.get('/')
      const run = shutdown.now()
      await client.sees('PING')
      const stream = client.ask('/', { method: 'POST', ends: false })
      for (const part of ['a', 'b', 'c']) client.data(stream, part.repeat(1000))
      await isRead(client)
      await fallSilent(client, clock)
      client.data(stream, 'd', { ends: true })

      const body = `${'a'.repeat(1000)}${'b'.repeat(1000)}${'c'.repeat(1000)}d`
      expect(await client.answer(stream)).toEqual({ status: 200, body })
      expect(await endedIn(client, clock)).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
    })

    test.each(CODES)('may be reset by their client with %s', async (_, code) => {
      const clock = new PollingClock()
      const faults = collectFaults()
      const { connect, shutdown } = await serveHttp2(
        (_, response) => {
          response.writeHead(200)
          response.end('ok')
        },
        { ...options, clock },
      )
      const client = await connect({ answersPings: false })
      await client.get('/')
      const run = shutdown.now()
      await client.sees('PING')
      const reset = client.ask('/reset')
      const stays = client.ask('/stays')
      await isRead(client)
      client.reset(reset, code)
      await isRead(client)
      await fallSilent(client, clock)

      expect(await client.answer(stays)).toEqual({ status: 200, body: 'ok' })
      expect(await endedIn(client, clock)).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
      expect(faults).toEqual([])
    })

    test.each(CODES)(
      'may be reset with %s where the application listens to streams and answers at once',
      async (_, code) => {
        const clock = new PollingClock()
        const faults = collectFaults()
        const { connect, server, shutdown } = await serveHttp2(undefined, {
          ...options,
          clock,
        })
        server.on('stream', (stream) => {
          stream.on('error', () => {})
          stream.respond({ ':status': 200 })
          stream.end('ok')
        })
        const client = await connect({ answersPings: false })
        await client.get('/')
        const run = shutdown.now()
        await client.sees('PING')
        const reset = client.ask('/reset')
        const stays = client.ask('/stays')
        await isRead(client)
        client.reset(reset, code)
        await isRead(client)
        await fallSilent(client, clock)

        expect(await client.answer(stays)).toEqual({ status: 200, body: 'ok' })
        expect(await endedIn(client, clock)).toBe('FIN')
        expect(await run).toMatchObject({ outcome: 'clean' })
        expect(faults).toEqual([])
      },
    )

    test('are served though the handler of one of them throws', async () => {
      const clock = new PollingClock()
      const faults = collectFaults()
      const throws: Http2Handler = ({ url }, response) => {
        if (url === '/throws') throw new Error('thrown by the handler')
        response.end('ok')
      }
      const { connect, shutdown } = await serveHttp2(throws, {
        ...options,
        timeout: '2s',
        clock,
        goneClients: 0,
      })
      const client = await connect({ answersPings: false })
      await client.get('/')
      const run = shutdown.now()
      await client.sees('PING')
      const thrown = client.ask('/throws')
      const stream = client.ask('/after')
      await isRead(client)
      await fallSilent(client, clock)

      expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
      await client.sees(/^GOAWAY 5,/)
      client.reset(thrown)
      expect(await endedIn(client, clock)).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
      expect(faults).toEqual([new Error('thrown by the handler')])
    })

    test('are served though their client sends GOAWAY behind them', async () => {
      const clock = new PollingClock()
      const { connect, shutdown } = await serveHttp2((_, response) => response.end('ok'), {
        ...options,
        clock,
      })
      const client = await connect({ answersPings: false })
      await client.get('/')
      const run = shutdown.now()
      await client.sees('PING')
      const streams = [client.ask('/a'), client.ask('/b')]
      client.goaway()
      client.answersPings = true
      client.pong()

      expect(await endedIn(client, clock)).toBe('FIN')
      for (const stream of streams) {
        expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
      }
      expect(client.goaways).not.toContain(EVERY_STREAM)
      expect(await run).toMatchObject({ outcome: 'clean' })
    })

    test('hold nothing up where their client goes away', async () => {
      const clock = new PollingClock()
      const faults = collectFaults()
      const seen: string[] = []
      const { connect, shutdown } = await serveHttp2(({ url }) => void seen.push(url), {
        ...options,
        clock,
        goneClients: 0,
      })
      const client = await connect({ answersPings: false })
      client.ask('/before')
      const run = shutdown.now()
      await client.sees('PING')
      client.ask('/held')
      await isRead(client)
      client.socket.destroy()

      expect(await run).toMatchObject({ outcome: 'clean' })
      expect(faults).toEqual([])
    })

    test('are named and ended at the limit', async () => {
      const clock = new PollingClock()
      const faults = collectFaults()
      const { connect, shutdown } = await serveHttp2((_, response) => response.end('ok'), {
        ...options,
        clock,
        timeout: '200ms',
      })
      const client = await connect({ answersPings: false })
      await client.get('/')
      const run = shutdown.now()
      await client.sees('PING')
      client.ask('/held?token=secret')

      const report = await run
      expect(hookOf(report)).toMatchObject({
        status: 'cut off',
        notes: [
          expect.stringMatching(
            /^cut off: GET \/held \(HTTP\/2\), [\d.]+ m?s old, from 127\.0\.0\.1$/,
          ),
        ],
      })
      expect(JSON.stringify(report)).not.toContain('secret')
      expect(await client.ended()).toBeDefined()
      expect(faults).toEqual([])
    })
  },
)

test('a stream is held no longer than the linger, though others are opened all the time', async () => {
  const clock = new PollingClock()
  const responses: Http2ServerResponse[] = []
  const { connect, server, shutdown } = await serveHttp2(
    (_, response) => void responses.push(response),
    { clock },
  )
  const client = await connect()
  client.ask('/first')
  await until(() => responses.length === 1)
  const run = shutdown.now()
  await stoppedListening({ server })
  // Something comes between all PINGs.
  for (let millisecond = 0; millisecond < 260; millisecond += 2) {
    client.ask('/')
    await isRead(client)
    await clock.advance(2)
  }
  await client.sees(NOTICE)
  await until(() => responses.length > 100)
  for (const response of responses) response.end('ok')
  await client.sees(/^GOAWAY (?!2147483647)/)
  const last = client.goaways.at(-1) ?? 0

  expect(last).toBeGreaterThan(200)
  for (let stream = 1; stream <= last; stream += 2) {
    for (const response of responses) response.end('ok')
    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
  }
  expect(await endedIn(client, clock)).toBe('FIN')
  expect(await run).toMatchObject({ outcome: 'clean' })
})

// Node 20 goes on with such a session as if nothing were wrong, and hears no more of its socket.
const isHeard = !process.version.startsWith('v20.')

test.runIf(isHeard)(
  'a session whose client breaks the protocol while its streams are held holds nothing up',
  async () => {
    const clock = new PollingClock()
    const faults = collectFaults()
    const responses: Http2ServerResponse[] = []
    const { connect, shutdown } = await serveHttp2((_, response) => void responses.push(response), {
      clock,
    })
    const client = await connect({ answersPings: false })
    client.ask('/before')
    const run = shutdown.now()
    await client.sees('PING')
    client.ask('/held')
    await isRead(client)
    // DATA on a stream that was never opened.
    client.data(99, 'x')
    await client.sees(/^GOAWAY 3, code 1/)
    for (let passed = 0; passed < 2000 && client.ending === undefined; passed++) {
      for (const response of responses) response.end('ok')
      await clock.advance(1)
    }
    client.socket.end()

    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(client.goaways).toEqual([...client.goaways].sort((a, b) => b - a))
    expect(faults).toEqual([])
  },
)
