import type { ServerHttp2Stream } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { EVERY_STREAM } from '../../support/clients/raw-session.ts'
import { collectFaults } from '../../support/hooks/faults.ts'
import { endedIn, serveHttp2, WAYS } from '../../support/http2-service.ts'
import { hookOf, PollingClock, until } from '../../support/service.ts'

/** A WebSocket over HTTP/2 (RFC 8441). */
const CONNECT = { method: 'CONNECT', headers: { ':protocol': 'websocket' }, ends: false }

const settings = { enableConnectProtocol: true }

describe.each(WAYS)('extended CONNECT over %s', (_, options) => {
  const service = { ...options, server: { ...options.server, settings } }

  test('goes on in both directions until one of them ends it', async () => {
    const clock = new PollingClock()
    const streams: ServerHttp2Stream[] = []
    const { connect, server, shutdown } = await serveHttp2(undefined, { ...service, clock })
    server.on('stream', (stream) => {
      streams.push(stream)
      stream.respond({ ':status': 200 })
      stream.on('data', (chunk) => stream.write(`echo ${chunk} `))
      stream.on('end', () => stream.end('bye'))
    })
    const client = await connect()
    const stream = client.ask('/chat', CONNECT)
    client.data(stream, 'a')
    await client.has(stream, 'echo a')
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    await clock.advance(1000)
    client.data(stream, 'b')
    await client.has(stream, 'echo b')
    await clock.advance(1000)
    client.data(stream, '', { ends: true })

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'echo a echo b bye' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('is named at the limit without its query', async () => {
    const { connect, server, shutdown } = await serveHttp2(undefined, {
      ...service,
      timeout: '300ms',
    })
    server.on('stream', (stream) => stream.respond({ ':status': 200 }))
    const client = await connect()
    const stream = client.ask('/chat?token=secret', CONNECT)
    await until(() => client.status(stream) === 200)

    const report = await shutdown.now()
    expect(hookOf(report)).toMatchObject({
      status: 'cut off',
      notes: [
        expect.stringMatching(
          /^cut off: CONNECT \/chat \(HTTP\/2\), [\d.]+ m?s old, from 127\.0\.0\.1$/,
        ),
      ],
    })
    expect(JSON.stringify(report)).not.toContain('secret')
  })

  test('that was held reaches a listener for it', async () => {
    const clock = new PollingClock()
    const faults = collectFaults()
    const { connect, server, shutdown } = await serveHttp2((_, response) => response.end('ok'), {
      ...service,
      clock,
    })
    server.on('connect', (request, response) => {
      request.resume()
      response.end(`${request.method} ${request.url}`)
    })
    const client = await connect()
    await client.get('/')
    const stream = client.ask('/chat', CONNECT)
    const run = shutdown.now()

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'CONNECT /chat' })
    client.data(stream, '', { ends: true })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(faults).toEqual([])
  })

  test.each([
    ['before the drain', false],
    ['while it was held', true],
  ])('that has no listener is answered with 405 %s', async (_, held) => {
    const clock = new PollingClock()
    const faults = collectFaults()
    const { connect, shutdown } = await serveHttp2((_, response) => response.end('ok'), {
      ...service,
      clock,
      timeout: '1s',
    })
    const client = await connect({ answersPings: false })
    await client.get('/')
    const run = held ? shutdown.now() : undefined
    if (held) await client.sees('PING')
    const stream = client.ask('/chat', CONNECT)
    client.answersPings = true
    if (held) client.pong()
    for (let passed = 0; passed < 50; passed++) await clock.advance(1)

    expect(await client.answer(stream)).toEqual({ status: 405, body: '' })
    expect(client.goaways[0]).toBe(held ? EVERY_STREAM : undefined)
    client.data(stream, '', { ends: true })
    const ending = run ?? shutdown.now()
    expect(await endedIn(client, clock, 500)).toBe('FIN')
    expect(await ending).toMatchObject({ outcome: 'clean' })
    expect(faults).toEqual([])
  })
})
