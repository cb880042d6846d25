import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EVERY_STREAM } from '../../support/clients/raw-session.ts'
import {
  answerOf,
  askNode,
  endedIn,
  type Http2Handler,
  serveHttp2,
  WAYS,
} from '../../support/http2-service.ts'
import { Gate, hookOf, PollingClock, stoppedListening, until } from '../../support/service.ts'

/** Answers in a later turn of the loop, as nearly every handler does. */
const later: Http2Handler = (_, response) => void setImmediate(() => response.end('ok'))

/** Answers with what was sent. */
const echo: Http2Handler = async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  response.end(body)
}

describe.each(WAYS)('streams in flight over %s', (_, options) => {
  test('are answered that were sent in the tick in which the shutdown began', async () => {
    const { connect, shutdown } = await serveHttp2(later, options)
    const client = await connect()
    await client.get('/')

    const streams = ['/a', '/b', '/c'].map((path) => client.ask(path))
    const run = shutdown.now()

    for (const stream of streams) {
      expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    }
    expect(await client.ended()).toBe('FIN')
    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: ['1 HTTP/2 session closed'] })
  })

  test('are answered that are the first of a session, and were sent in that tick', async () => {
    const { connect, shutdown } = await serveHttp2(later, options)
    const client = await connect()

    const stream = client.ask('/')
    const run = shutdown.now()

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'ok' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('are worked on to their end, however long that takes', async () => {
    const clock = new PollingClock()
    const responses: Http2ServerResponse[] = []
    const { connect, server, shutdown } = await serveHttp2(
      (_, response) => void responses.push(response),
      { ...options, clock },
    )
    const client = await connect()
    const streams = Array.from({ length: 50 }, (_, n) => client.ask(`/${n}`))
    await until(() => responses.length === streams.length)
    const run = shutdown.now()
    await stoppedListening({ server })
    for (const response of responses) {
      await clock.advance(100)
      response.end('done')
    }

    for (const stream of streams) {
      expect(await client.answer(stream)).toEqual({ status: 200, body: 'done' })
    }
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean', exitCode: 0 })
  })

  test('of Node’s own client are answered in full, with their trailers', async () => {
    const gate = new Gate()
    const begun = new Gate()
    const { connectNode, shutdown } = await serveHttp2(async (_, response) => {
      response.writeHead(200, { trailer: 'checksum' })
      response.write('begun ')
      begun.open()
      await gate.opened
      response.addTrailers({ checksum: 'abc' })
      response.end('ended')
    }, options)
    const client = await connectNode()
    const answer = askNode(client, '/')
    await begun.opened
    const run = shutdown.now()
    gate.open()

    expect(await answer).toMatchObject({
      status: 200,
      body: 'begun ended',
      trailers: { checksum: 'abc' },
    })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('go on streaming to their end, with long silences between', async () => {
    const clock = new PollingClock()
    const responses: Http2ServerResponse[] = []
    const { connect, server, shutdown } = await serveHttp2(
      (_, response) => {
        responses.push(response)
        response.write('begun ')
      },
      { ...options, clock },
    )
    const client = await connect()
    const stream = client.ask('/')
    await client.has(stream, 'begun ')
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(1000)
    responses[0]?.write('gone on ')
    await client.has(stream, 'gone on ')
    await clock.advance(1000)
    responses[0]?.end('ended')

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'begun gone on ended' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('have the whole of an upload that is under way', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(echo, { ...options, clock })
    const client = await connect()
    const stream = client.ask('/', { method: 'POST', ends: false })
    client.data(stream, 'begun ')
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    await clock.advance(1000)
    client.data(stream, 'gone on ')
    await clock.advance(1000)
    client.data(stream, 'ended', { ends: true })

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'begun gone on ended' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('have the whole of an upload that their client was asked to go on with', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(echo, { ...options, clock })
    const client = await connect()
    const stream = client.ask('/', {
      method: 'POST',
      headers: { expect: '100-continue' },
      ends: false,
    })
    const run = shutdown.now()
    await client.sees(/^HEADERS 1/)
    await client.sees(/^GOAWAY 1,/)
    await clock.advance(1000)
    client.data(stream, 'upload', { ends: true })

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'upload' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('are asked to go on by an application that does so itself', async () => {
    const { connect, server, shutdown } = await serveHttp2(echo, options)
    server.on('checkContinue', (request, response) => {
      response.writeContinue()
      server.emit('request', request, response)
    })
    const client = await connect()
    const stream = client.ask('/', {
      method: 'POST',
      headers: { expect: '100-continue' },
      ends: false,
    })
    const run = shutdown.now()
    await client.sees(/^HEADERS 1/)
    client.data(stream, 'upload', { ends: true })

    expect(await client.answer(stream)).toEqual({ status: 200, body: 'upload' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('have the whole of an upload that goes on after its answer, for an application that reads it', async () => {
    const clock = new PollingClock()
    let upload = ''
    const { connect, shutdown } = await serveHttp2(
      async (request, response) => {
        response.statusCode = 202
        response.end('accepted')
        request.on('error', () => {})
        for await (const chunk of request) upload += chunk
      },
      { ...options, clock },
    )
    const client = await connect()
    const stream = client.ask('/', { method: 'POST', ends: false })
    await client.answer(stream)
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    // Never silent for as long as the linger.
    const parts = Array.from({ length: 10 }, (_, n) => `part ${n} `)
    for (const part of parts) {
      client.data(stream, part)
      await until(() => upload.endsWith(part) || client.log.includes('RST_STREAM 1, code 0'))
      await clock.advance(100)
    }
    client.data(stream, 'end', { ends: true })

    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(upload).toBe(`${parts.join('')}end`)
  })

  test('are served where the application listens to streams only', async () => {
    const clock = new PollingClock()
    const streams: ServerHttp2Stream[] = []
    const { connect, server, shutdown } = await serveHttp2(undefined, { ...options, clock })
    server.on('stream', (stream, headers) => {
      if (headers[':path'] === '/slow') streams.push(stream)
      else stream.respond({ ':status': 200 }, { endStream: true })
    })
    const client = await connect()
    const slow = client.ask('/slow')
    await client.get('/')
    const held = client.ask('/held')
    const run = shutdown.now()
    expect(await client.answer(held)).toEqual({ status: 200, body: '' })
    await client.sees(/^GOAWAY 5,/)
    await clock.advance(1000)
    streams[0]?.respond({ ':status': 200 })
    streams[0]?.end('ok')

    expect(await client.answer(slow)).toEqual({ status: 200, body: 'ok' })
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('have the trailers that come long after the last of the body', async () => {
    const clock = new PollingClock()
    const wanted = new Gate()
    const { connectNode, server, shutdown } = await serveHttp2(undefined, { ...options, clock })
    const streams: ServerHttp2Stream[] = []
    server.on('stream', (stream) => {
      streams.push(stream)
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => wanted.open())
      stream.end('body')
    })
    const client = await connectNode()
    const answer = askNode(client, '/')
    await wanted.opened
    const run = shutdown.now()
    await new Promise((resolve) => client.once('goaway', resolve))
    await until(() => streams[0]?.session?.closed === true)
    await clock.advance(1000)
    if (!streams[0]?.closed) streams[0]?.sendTrailers({ checksum: 'abc' })

    expect(await answer).toMatchObject({ body: 'body', trailers: { checksum: 'abc' } })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('have the whole of a file that their client reads slowly', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lastcall-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const [file, content] = [join(directory, 'file'), 'x'.repeat(200_000)]
    writeFileSync(file, content)
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serveHttp2(undefined, { ...options, clock })
    server.on('stream', (stream) => stream.respondWithFile(file))
    const client = await connect({ window: 1000 })
    client.allow(0, 10_000_000)
    const stream = client.ask('/file')
    await until(() => client.body(stream).length === 1000)
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    await clock.advance(1000)
    client.allow(stream, 10_000_000)

    expect((await client.answer(stream)).body === content).toBe(true)
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('have the whole of an answer that their client lets come later', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(
      (_, response) => response.end('x'.repeat(100_000)),
      { ...options, clock },
    )
    const client = await connect({ window: 1000 })
    const stream = client.ask('/')
    await until(() => client.body(stream).length === 1000)
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    await clock.advance(1000)
    client.allow(0, 1_000_000)
    client.allow(stream, 1_000_000)

    expect((await client.answer(stream)).body).toHaveLength(100_000)
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('have the whole of an answer where the client has not finished its request', async () => {
    const clock = new PollingClock()
    const { connect, shutdown } = await serveHttp2(
      (request, response) => {
        request.resume()
        response.end('x'.repeat(100_000))
      },
      { ...options, clock },
    )
    const client = await connect({ window: 1000 })
    const stream = client.ask('/', { method: 'POST', ends: false })
    await until(() => client.body(stream).length === 1000)
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    await clock.advance(1000)
    client.allow(0, 1_000_000)
    client.allow(stream, 1_000_000)

    expect((await client.answer(stream)).body).toHaveLength(100_000)
    expect(await endedIn(client, clock, 600)).toBe('FIN')
    expect(client.log).toContain('RST_STREAM 1, code 0')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that ask for the head alone are answered', async () => {
    const { connectNode, shutdown } = await serveHttp2(later, options)
    const client = await connectNode()
    const answer = answerOf(client.request({ ':method': 'HEAD', ':path': '/' }))
    const run = shutdown.now()

    expect(await answer).toMatchObject({ status: 200, body: '' })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('whose client cancels them hold nothing up where goneClients is 0', async () => {
    const clock = new PollingClock()
    const begun = new Gate()
    const { connect, shutdown } = await serveHttp2(() => begun.open(), {
      ...options,
      clock,
      goneClients: 0,
    })
    const client = await connect()
    const stream = client.ask('/')
    await begun.opened
    const run = shutdown.now()
    await client.sees(/^GOAWAY 1,/)
    client.reset(stream)

    expect(await client.ended()).toBe('FIN')
    expect(client.goaways[0]).toBe(EVERY_STREAM)
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})
