import { createServer, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import { requestSignal } from 'lastcall/http'
import { describe, expect, test } from 'vitest'
import { connectRaw, endedIn, listenHttp2, serveHttp2, WAYS } from '../../support/http2-service.ts'
import { PollingClock, stoppedListening, until } from '../../support/service.ts'

describe.each(WAYS)('the signal of a request over HTTP/2, %s', (_, options) => {
  test('lets an event stream end with a last event', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(
      (request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('data: 1\n\n')
        requestSignal(request).addEventListener('abort', () => {
          response.end('event: leaving\n\n')
        })
      },
      { ...options, clock },
    )
    const client = await connect()
    const stream = client.ask('/events')
    await client.has(stream, 'data: 1')
    const run = shutdown.now()

    expect((await client.answer(stream)).body).toBe('data: 1\n\nevent: leaving\n\n')
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('does so for an application that listens to streams only', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serveHttp2(undefined, { ...options, clock })
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
      stream.write('data: 1\n\n')
      requestSignal(stream).addEventListener('abort', () => stream.end('event: leaving\n\n'))
    })
    const client = await connect()
    const stream = client.ask('/events')
    await client.has(stream, 'data: 1')
    const run = shutdown.now()

    expect((await client.answer(stream)).body).toBe('data: 1\n\nevent: leaving\n\n')
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('has not aborted before the drain, and not in the lame duck', async () => {
    const clock = new PollingClock()
    const signals: AbortSignal[] = []
    const { connect, shutdown } = await serveHttp2(
      (request, response) => {
        signals.push(requestSignal(request))
        setImmediate(() => response.end('ok'))
      },
      { ...options, clock, lameDuck: '1s' },
    )
    const client = await connect()
    await client.get('/')
    const run = shutdown.now()
    await clock.advance(500)
    await client.get('/')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
    await clock.advance(500)

    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    // They were answered before the drain began.
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
  })

  test('has aborted from the start for a stream that comes in the drain', async () => {
    const clock = new PollingClock()
    const signals: AbortSignal[] = []
    const { connect, server, shutdown } = await serveHttp2(
      (request, response) => {
        signals.push(requestSignal(request))
        response.end('ok')
      },
      { ...options, clock },
    )
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(100)
    await client.get('/')

    expect(signals).toEqual([expect.objectContaining({ aborted: true })])
    expect(signals[0]?.reason).toMatchObject({ name: 'AbortError' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('aborts for the request and for its stream alike', async () => {
    const clock = new PollingClock()
    const signals: AbortSignal[] = []
    const responses: Http2ServerResponse[] = []
    const { connect, shutdown } = await serveHttp2(
      (request, response) => {
        signals.push(requestSignal(request), requestSignal(request.stream))
        responses.push(response)
      },
      { ...options, clock },
    )
    const client = await connect()
    const stream = client.ask('/')
    await until(() => responses.length === 1)
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    responses[0]?.end('ok')

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

test('the signal never aborts where the server was not handed in', async () => {
  const streams: ServerHttp2Stream[] = []
  const server = createServer()
  server.on('stream', (stream) => {
    streams.push(stream)
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  const client = await connectRaw(await listenHttp2(server))
  await client.get('/')

  const [stream] = streams
  if (!stream) throw new Error('No stream')
  expect(requestSignal(stream).aborted).toBe(false)
})
