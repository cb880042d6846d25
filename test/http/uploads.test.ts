import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type RawClient, requestOf } from '../support/clients/raw-client.ts'
import { Gate, hookOf, PollingClock, serve, stoppedListening, until } from '../support/service.ts'

const PIECE = 'x'.repeat(10_000)

function upload(client: RawClient, pieces: number, headers: Record<string, string> = {}): void {
  const length = { 'Content-Length': String(pieces * PIECE.length) }
  client.send(requestOf('/upload', { method: 'POST', headers: { ...length, ...headers } }))
}

/** Answers with how much has come, once all of it has. */
const count: RequestListener = (request, response) => {
  let size = 0
  request.on('data', (piece: Buffer) => {
    size += piece.length
  })
  request.on('end', () => response.end(String(size)))
}

/** Answers before the body has come, and never reads it. */
const refuse: RequestListener = (_, response) => {
  response.writeHead(413).end('too large')
}

/** A service whose requests and answers a test can wait for. */
async function serveUploads(handler: RequestListener, secure: boolean) {
  const clock = new PollingClock()
  const seen: { request: IncomingMessage; response: ServerResponse }[] = []
  const service = await serve(
    (request, response) => {
      seen.push({ request, response })
      handler(request, response)
    },
    // A connection that is forgotten must not be saved by Node's own timeout.
    { secure, clock, timeout: '3s', server: { keepAliveTimeout: 60_000 } },
  )
  return { ...service, clock, seen }
}

describe.each([
  ['http', false],
  ['https', true],
])('uploads over %s', (_, secure) => {
  test('answers an upload whose body comes in pieces during the drain', async () => {
    const { clock, connect, server, shutdown } = await serveUploads(count, secure)
    const client = await connect()
    upload(client, 5)
    client.send(PIECE)
    const run = shutdown.now()
    await stoppedListening({ server })
    for (let piece = 1; piece < 5; piece++) {
      await clock.advance(1000)
      client.send(PIECE)
    }

    expect(await client.answer()).toMatchObject({ status: 200, body: '50000', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('answers an upload that comes in one go with its head during the drain', async () => {
    const { connect, server, shutdown } = await serveUploads(count, secure)
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    const headers = { 'Content-Length': '4' }
    client.send(`${requestOf('/', { method: 'POST', headers })}body`)

    expect(await client.answer()).toMatchObject({ body: '4', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('does not close under an upload that is answered before all of it has come', async () => {
    const { clock, connect, seen, server, shutdown } = await serveUploads(refuse, secure)
    const client = await connect()
    const run = shutdown.now()
    // Connected before the listener was closed, and asked afterwards.
    await stoppedListening({ server })
    upload(client, 50)
    const answer = await client.answer()
    for (let piece = 0; piece < 50; piece++) client.send(PIECE)
    await until(() => seen[0]?.request.complete === true)
    await clock.advance(10_000)

    expect(answer).toMatchObject({ status: 413, body: 'too large', saysClose: false })
    expect(await client.ended()).toBe('FIN')
    await run
  })

  test('closes the connection of an upload that was answered early once the rest has come', async () => {
    const { clock, connect, seen, server, shutdown } = await serveUploads(refuse, secure)
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    upload(client, 2)
    await client.answer()
    client.send(PIECE)
    await until(() => (seen[0]?.request.socket.bytesRead ?? 0) > PIECE.length)
    await clock.advance(1000)
    client.send(PIECE)
    await until(() => seen[0]?.request.complete === true)
    await clock.advance(1000)

    expect(await client.ended()).toBe('FIN')
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })

  test('answers an upload in chunks that is answered once it has come in full', async () => {
    const { connect, server, shutdown } = await serveUploads(count, secure)
    const client = await connect()
    client.send(requestOf('/', { method: 'POST', headers: { 'Transfer-Encoding': 'chunked' } }))
    client.send('5\r\nabcde\r\n')
    const run = shutdown.now()
    await stoppedListening({ server })
    client.send('3\r\nfgh\r\n')
    client.send('0\r\n\r\n')

    expect(await client.answer()).toMatchObject({ body: '8', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('does not say close to the client of an upload in chunks while it is still sending', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { clock, connect, seen, server, shutdown } = await serveUploads(async (_, response) => {
      begun.open()
      await gate.opened
      response.writeHead(413).end('too large')
    }, secure)
    const client = await connect()
    client.send(requestOf('/', { method: 'POST', headers: { 'Transfer-Encoding': 'chunked' } }))
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })
    gate.open()
    const answer = await client.answer()
    client.send('5\r\nabcde\r\n0\r\n\r\n')
    await until(() => seen[0]?.request.complete === true)
    await clock.advance(10_000)

    expect(answer).toMatchObject({ status: 413, saysClose: false })
    expect(await client.ended()).toBe('FIN')
    await run
  })

  test('says close to the client of an upload of no bytes like to any other', async () => {
    const { connect, server, shutdown } = await serveUploads((request, response) => {
      request.resume()
      setImmediate(() => response.end('ok'))
    }, secure)
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })

    expect(
      await client.get('/', { method: 'POST', headers: { 'Content-Length': '0' } }),
    ).toMatchObject({ status: 200, saysClose: true })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})
