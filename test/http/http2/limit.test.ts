import type { Http2ServerResponse } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { contextOf } from '../../support/hooks/context.ts'
import { wholeHook } from '../../support/hooks/run-hook.ts'
import {
  askNode,
  connectRaw,
  endedIn,
  type Http2Handler,
  http2Server,
  listenHttp2,
  serveHttp2,
  WAYS,
} from '../../support/http2-service.ts'
import {
  expectSharedTimeout,
  hookOf,
  PollingClock,
  stoppedListening,
  until,
} from '../../support/service.ts'

/** Never answers. */
const never: Http2Handler = () => {}

describe.each(WAYS)('a drain of HTTP/2 that comes to its limit over %s', (_, options) => {
  test('cuts off an event stream that does not end, names it without its query, and lets the next phase run', async () => {
    const { connect, shutdown } = await serveHttp2(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('data: 1\n\n')
      },
      { ...options, timeout: '300ms' },
    )
    const flushed: string[] = []
    shutdown.add({ name: 'events', phase: 'flush', run: () => void flushed.push('events') })
    const clients = [await connect(), await connect()]
    for (const [index, client] of clients.entries()) {
      await client.has(client.ask(`/events/${index}?token=secret`), 'data: 1')
    }

    const report = await shutdown.now()
    expect(report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    expect(hookOf(report)).toMatchObject({
      status: 'cut off',
      error: { name: 'TimeoutError' },
      notes: [
        expect.stringMatching(
          /^cut off: GET \/events\/0 \(HTTP\/2\), [\d.]+ m?s old, from 127\.0\.0\.1$/,
        ),
        expect.stringMatching(
          /^cut off: GET \/events\/1 \(HTTP\/2\), [\d.]+ m?s old, from 127\.0\.0\.1$/,
        ),
      ],
    })
    expectSharedTimeout(report, 300)
    expect(JSON.stringify(report)).not.toContain('secret')
    expect(flushed).toEqual(['events'])
    for (const client of clients) expect(await client.ended()).toBeDefined()
  })

  test('names no secret and no control character of a path, and cuts a long one', async () => {
    const paths = ['/x#access_token=secret', '/a\u009b2Jb', `/${'a'.repeat(1000)}`]
    let seen = 0
    const { connectNode, server, shutdown } = await serveHttp2(() => void seen++, {
      ...options,
      timeout: '300ms',
    })
    server.on('connect', () => void seen++)
    const client = await connectNode()
    const headers = [
      ...paths.map((path) => ({ ':path': path })),
      { ':method': 'CONNECT', ':authority': 'host:443' },
    ]
    for (const one of headers) client.request(one).on('error', () => {})
    await until(() => seen === headers.length)

    const notes = hookOf(await shutdown.now())?.notes.map((note) => note.split(', ', 1)[0])
    expect(notes).toEqual([
      'cut off: GET /x (HTTP/2)',
      'cut off: GET /ab (HTTP/2)',
      `cut off: GET /${'a'.repeat(198)}… (HTTP/2)`,
      'cut off: CONNECT host:443 (HTTP/2)',
    ])
  })

  test('names ten streams, and counts the others', async () => {
    let seen = 0
    const { connect, shutdown } = await serveHttp2(() => void seen++, {
      ...options,
      timeout: '300ms',
    })
    const client = await connect()
    for (let n = 0; n < 13; n++) client.ask(`/${n}`)
    await until(() => seen === 13)

    const notes = hookOf(await shutdown.now())?.notes
    expect(notes).toHaveLength(11)
    expect(notes?.at(-1)).toBe('cut off: 3 requests more')
  })

  test('ends sessions whose clients keep their side open', async () => {
    const { connect, server, shutdown } = await serveHttp2(never, { ...options, timeout: '300ms' })
    const client = await connect()
    client.ask('/')
    await shutdown.now()

    expect(await client.ended({ stays: true })).toBeDefined()
    const open = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
    expect(open).toBe(0)
  })

  test('in the lame duck ends what is in flight, and names it', async () => {
    const clock = new PollingClock()
    const responses: Http2ServerResponse[] = []
    const server = http2Server(
      (_, response) => void responses.push(response),
      options.secure,
      options.server,
    )
    const hook = wholeHook(server, { lameDuck: '5s' }, clock)
    const client = await connectRaw(await listenHttp2(server), options)
    client.ask('/slow')
    await until(() => responses.length === 1)
    const { context, abort, notes } = contextOf({ clock })
    void hook.run(context)
    await clock.advance(100)
    abort()

    expect(await client.ended()).toBeDefined()
    expect(server.listening).toBe(false)
    expect(notes).toContainEqual(
      expect.stringMatching(/^cut off: GET \/slow \(HTTP\/2\), 100 ms old, from 127\.0\.0\.1$/),
    )
  })
})

describe.each(WAYS)('late streams over %s', (_, options) => {
  test('get 503 and a time to come again, and are counted in the report', async () => {
    const seen: string[] = []
    const { connectNode, server, shutdown } = await serveHttp2(
      async ({ url }, response) => {
        seen.push(url)
        await stoppedListening({ server })
        response.end('ok')
      },
      { ...options, refuseWithin: '60s' },
    )
    const client = await connectNode()
    const before = askNode(client, '/before')
    await until(() => seen.length === 1)
    const run = shutdown.now()
    await stoppedListening({ server })
    const late = [askNode(client, '/late'), askNode(client, '/later')]

    expect(await before).toMatchObject({ status: 200, body: 'ok' })
    for (const answer of late) {
      expect(await answer).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1', 'content-type': 'text/plain' },
        body: 'The server is shutting down.\n',
      })
    }
    expect(hookOf(await run)).toMatchObject({
      status: 'done',
      notes: ['1 HTTP/2 session closed', '2 late streams refused with 503'],
    })
    expect(seen).toEqual(['/before'])
  })

  test('are those that come when less than a tenth of the time is left', async () => {
    const clock = new PollingClock()
    const server = http2Server((_, response) => response.end('ok'), options.secure, options.server)
    const hook = wholeHook(server, { linger: '2s' }, clock)
    const port = await listenHttp2(server)
    const [client, other] = [await connectRaw(port, options), await connectRaw(port, options)]
    const { context, notes } = contextOf({ clock, limit: 1000 })
    const run = hook.run(context)
    await stoppedListening({ server })
    // The first request of each is waited for.
    await clock.advance(890)
    const inTime = client.ask('/in-time')
    expect(await endedIn(client, clock, 10)).toBe('FIN')
    await clock.advance(11)
    const late = other.ask('/late')
    expect(await endedIn(other, clock, 10)).toBe('FIN')
    await run

    expect(client.status(inTime)).toBe(200)
    expect(other.status(late)).toBe(503)
    expect(notes).toEqual(['2 HTTP/2 sessions closed', '1 late stream refused with 503'])
  })

  test('may be uploads, which are not read, or be reset by their client', async () => {
    const { connect, server, shutdown } = await serveHttp2((_, response) => response.end('ok'), {
      ...options,
      refuseWithin: '60s',
    })
    const client = await connect()
    await client.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    const upload = client.ask('/upload', { method: 'POST', ends: false })
    client.data(upload, 'x'.repeat(10_000))
    const reset = client.ask('/reset', { method: 'POST', ends: false })
    await client.sees(/^HEADERS 5: 503/)
    client.reset(reset, 2)

    expect(await client.answer(upload)).toMatchObject({ status: 503 })
    expect(await client.ended()).toBe('FIN')
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })
})
