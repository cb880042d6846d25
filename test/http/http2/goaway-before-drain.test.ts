import type { Http2ServerResponse, ServerHttp2Session } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { endedIn, serveHttp2, WAYS } from '../../support/http2-service.ts'
import { PollingClock, stoppedListening, until } from '../../support/service.ts'

describe.each(WAYS)('a session that was about to end before the drain, over %s', (_, options) => {
  test('because its client goes away, ends with the streams that it has, and hears of no higher id', async () => {
    const clock = new PollingClock()
    const responses: Http2ServerResponse[] = []
    const { connect, server, shutdown } = await serveHttp2(
      (_, response) => void responses.push(response),
      {
        ...options,
        clock,
      },
    )
    const client = await connect()
    const stream = client.ask('/')
    await until(() => responses.length === 1)
    client.goaway()
    await client.sees('GOAWAY 1, code 0')
    const run = shutdown.now()
    await stoppedListening({ server })
    for (let passed = 0; passed < 1000; passed += 10) await clock.advance(10)
    responses[0]?.end('ok')

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(new Set(client.goaways)).toEqual(new Set([1]))
  })

  test('because the application closes it, ends with the streams that it has, and hears of no higher id', async () => {
    const clock = new PollingClock()
    const responses: Http2ServerResponse[] = []
    const sessions: ServerHttp2Session[] = []
    const { connect, server, shutdown } = await serveHttp2(
      (_, response) => void responses.push(response),
      { ...options, clock },
    )
    server.on('session', (session) => void sessions.push(session))
    const client = await connect()
    const stream = client.ask('/')
    await until(() => responses.length === 1)
    sessions[0]?.close()
    await client.sees('GOAWAY 1, code 0')
    const run = shutdown.now()
    await stoppedListening({ server })
    for (let passed = 0; passed < 1000; passed += 10) await clock.advance(10)
    responses[0]?.end('ok')

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await endedIn(client, clock)).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(new Set(client.goaways)).toEqual(new Set([1]))
  })

  test('because the application has closed it, is waited for no longer than the linger', async () => {
    const clock = new PollingClock()
    const sessions: ServerHttp2Session[] = []
    const { connect, server, shutdown } = await serveHttp2((_, response) => response.end('ok'), {
      ...options,
      clock,
    })
    server.on('session', (session) => void sessions.push(session))
    const client = await connect()
    await client.answer(client.ask('/'))
    sessions[0]?.close()
    await until(() => client.ending === 'FIN')
    const run = shutdown.now()
    await stoppedListening({ server })
    // Its client keeps its side open all the time.
    for (let passed = 0; passed < 1000; passed += 10) await clock.advance(10)

    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(client.socket.writableEnded).toBe(false)
  })
})
