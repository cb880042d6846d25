import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { requestOf } from '../support/clients/raw-client.ts'
import { account, Gate, hookOf, PollingClock, serve, stoppedListening } from '../support/service.ts'

/** Answers in a later turn of the loop, as nearly every handler does. */
const later = (_: unknown, response: ServerResponse) => void setImmediate(() => response.end('ok'))

describe.each([
  ['http', false],
  ['https', true],
])('requests in flight over %s', (_, secure) => {
  test('answers a request that was sent in the tick in which the shutdown began', async () => {
    const { connect, shutdown } = await serve(later, { secure })
    const client = await connect()
    await client.get('/')

    client.ask('/')
    const run = shutdown.now()

    expect(await client.answer()).toMatchObject({ status: 200, body: 'ok' })
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(await client.ended()).toBe('FIN')
  })

  test('answers the first request of a connection that was sent in the tick in which the shutdown began', async () => {
    const { connect, shutdown } = await serve(later, { secure })
    const client = await connect()

    client.ask('/')
    const run = shutdown.now()

    expect(await client.answer()).toMatchObject({ status: 200, body: 'ok' })
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(await client.ended()).toBe('FIN')
  })

  test('lets a request in flight end, and its response says close', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serve(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.end('done')
      },
      { secure },
    )
    const client = await connect()
    client.ask('/')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })
    gate.open()

    expect(await client.answer()).toMatchObject({ status: 200, body: 'done', saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(await client.ended()).toBe('FIN')
  })

  test('knows a request also where a library has taken over the listeners, as Socket.IO does', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serve(later, { secure })
    const others = server.listeners('request')
    server.removeAllListeners('request')
    server.on('request', async (request, response) => {
      if (request.url !== '/poll') {
        for (const listener of others) listener.call(server, request, response)
        return
      }
      begun.open()
      await gate.opened
      response.end('news')
    })
    const [polling, other] = [await connect(), await connect()]
    expect(await other.get('/')).toMatchObject({ status: 200, body: 'ok' })
    polling.ask('/poll')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })
    gate.open()

    expect(await polling.answer()).toMatchObject({ status: 200, body: 'news', saysClose: true })
    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(2, 1, 1)] })
  })

  // Node answers such a request line by HTTP/1, in a drain as well as before.
  test.each(['0.9', '2.0'])('lets a request that says HTTP/%s end', async (version) => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serve(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.setHeader('Content-Length', 4).end('done')
      },
      { secure },
    )
    const client = await connect()
    client.send(requestOf('/').replace('HTTP/1.1', `HTTP/${version}`))
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })
    gate.open()

    expect(await client.answer()).toMatchObject({ status: 200, body: 'done' })
    const report = await run
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(hookOf(report)?.notes).toContain(
      '1 connection: 1 closed after its last response, 0 idle',
    )
  })

  test('lets a streamed answer that is under way go on to its end', async () => {
    const responses: ServerResponse[] = []
    const { connect, server, shutdown } = await serve(
      (_, response) => {
        responses.push(response)
        response.write('begun ')
      },
      { secure },
    )
    const client = await connect()
    client.ask('/')
    await client.has('begun ')
    const run = shutdown.now()
    await stoppedListening({ server })
    responses[0]?.write('gone on ')
    await client.has('gone on ')
    responses[0]?.end('ended')

    expect(await client.answer()).toMatchObject({ body: 'begun gone on ended' })
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(await client.ended()).toBe('FIN')
  })

  test('answers a request whose headers had come in half, if the rest comes before the stragglers are ended', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock, stragglers: '9s' })
    const [client, idle] = [await connect(), await connect()]
    const request = requestOf('/slow')
    client.send(request.slice(0, 25))
    await idle.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(8000)
    // Its silence has been checked by then, and so has the other's.
    await idle.ended()
    client.send(request.slice(25))

    expect(await client.answer()).toMatchObject({ status: 200, body: 'ok', saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(await client.ended()).toBe('FIN')
  })

  test('ends a request whose headers never come in full at the limit, and names it', async () => {
    const { connect, shutdown } = await serve(later, { secure, timeout: '300ms', linger: '20ms' })
    const [client, idle] = [await connect(), await connect()]
    client.send('GET /slow HTTP/1.1\r\nHos')
    await idle.get('/')

    const report = await shutdown.now()

    expect(hookOf(report)).toMatchObject({
      status: 'done',
      notes: ['ended at the limit: 1 request received only in part', account(2, 0, 1)],
    })
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(await client.ended()).toBeDefined()
  })

  test('answers the rest of a pipeline of which a part had come when the rest was answered', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const client = await connect()
    const second = requestOf('/second')
    client.send(requestOf('/first') + second.slice(0, 25))
    await client.answer()
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(1000)
    client.send(second.slice(25))

    expect(await client.answer()).toMatchObject({ status: 200, body: 'ok', saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('does not take an empty line after a request for the beginning of the next', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, { secure, clock })
    const client = await connect()
    await client.get('/', { method: 'POST', headers: { 'Content-Length': '0' } })
    client.send('\r\n')
    // Read before the other is answered.
    const other = await connect()
    await other.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(250)
    await client.ended()
    await clock.advance(250)

    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})
