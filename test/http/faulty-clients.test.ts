import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { describe, expect, test } from 'vitest'
import { readSendQueues } from '../../src/runtime/send-queues.ts'
import { RawClient, requestOf } from '../support/clients/raw-client.ts'
import { connectionsOf, runHook, wholeHook } from '../support/hooks/run-hook.ts'
import { selfSigned } from '../support/servers/certificate.ts'
import {
  account,
  connect,
  hookOf,
  listen,
  PollingClock,
  serve,
  stoppedListening,
  until,
} from '../support/service.ts'

const certificate = selfSigned()

/** A server whose drain a test begins and cuts off when it wants, with a client that behaves. */
async function start(handler: RequestListener, secure: boolean) {
  const clock = new PollingClock()
  const held: ServerResponse[] = []
  const listener: RequestListener = (request, response) => {
    if (request.url !== '/slow') return handler(request, response)
    held.push(response)
  }
  const server = secure ? createSecureServer(certificate, listener) : createServer(listener)
  const hook = wholeHook(server, {}, clock)
  if (!hook) throw new Error('No hook')
  const port = await listen(server)
  const good = await connect(port, { secure })
  good.ask('/slow')
  await until(() => held.length === 1)
  const begin = async () => {
    const running = runHook(hook, { clock, limit: 30_000 })
    await stoppedListening({ server })
    return running
  }
  /** The one that behaves is answered, whatever the other one does. */
  const serveTheOther = async () => {
    held[0]?.end('slow')
    expect(await good.answer()).toMatchObject({ body: 'slow', saysClose: true })
    expect(await good.ended()).toBe('FIN')
  }
  /** Lets time pass until something has happened. Each step takes as long as a look of the drain. */
  const passUntil = async (condition: () => boolean) => {
    while (!condition()) {
      await clock.advance(50)
      await readSendQueues()
    }
  }
  const client = await connect(port, { secure })
  return { begin, clock, client, passUntil, port, serveTheOther, server }
}

const ENDED = 'ended, 2 s after the last work:'

/** Answers with how much has come. */
const count: RequestListener = (request, response) => {
  let size = 0
  request.on('data', (piece: Buffer) => {
    size += piece.length
  })
  request.on('end', () => response.end(String(size)))
}

const LARGE = Buffer.alloc(8 * 1024 * 1024)

describe.each([
  ['http', false],
  ['https', true],
])('a client over %s that stops reading', (_, secure) => {
  test('is ended after the last work and named; the others are served', async () => {
    let answer: ServerResponse | undefined
    const { begin, client, clock, passUntil, serveTheOther, server } = await start(
      (_, response) => {
        answer = response
        response.end(LARGE)
      },
      secure,
    )
    client.socket.pause()
    client.ask('/export?token=secret')
    await until(() => (answer?.socket?.writableLength ?? 0) > 0)
    const { notes, over } = await begin()
    await clock.advance(3000)
    expect(await connectionsOf(server)).toBe(2)
    await serveTheOther()
    await passUntil(() => answer?.closed === true)

    await over
    expect(notes).toEqual([
      expect.stringMatching(
        `^${ENDED} GET /export, .* s old, from 127.0.0.1: .* MB not taken by the client$`,
      ),
      account(2, 1, 0),
    ])
  })

  test('only for a while is sent all of its answer', async () => {
    let answer: ServerResponse | undefined
    const { begin, client, clock, serveTheOther } = await start((_, response) => {
      answer = response
      response.setHeader('Content-Length', LARGE.length)
      response.end(LARGE)
    }, secure)
    const { over } = await begin()
    client.socket.pause()
    client.ask('/export')
    await until(() => (answer?.socket?.writableLength ?? 0) > 0)
    await clock.advance(6000)
    await serveTheOther()
    client.socket.resume()

    const { body, saysClose } = await client.answer()
    expect(body).toHaveLength(LARGE.length)
    expect(saysClose).toBe(true)
    expect(await client.ended()).toBe('FIN')
    await over
  })
})

describe.each([
  ['http', false],
  ['https', true],
])('a client over %s that sends one byte a second', (_, secure) => {
  test('of a head is ended after the last work, and counted; the others are served', async () => {
    const { begin, client, clock, serveTheOther, server } = await start(count, secure)
    const { notes, over } = await begin()
    const [...bytes] = requestOf('/drip')
    for (const byte of bytes.slice(0, 4)) {
      client.send(byte)
      await clock.advance(1000)
    }
    expect(client.ending).toBeUndefined()
    await serveTheOther()
    for (const byte of bytes.slice(4, 7)) {
      client.send(byte)
      await clock.advance(1000)
    }
    await client.ended()

    await over
    expect(notes).toEqual([`${ENDED} 1 request received only in part`, account(2, 1, 0)])
    expect(await connectionsOf(server)).toBe(0)
  })

  test('of a head is answered where it comes to its end in time', async () => {
    const { begin, client, clock, serveTheOther } = await start(count, secure)
    const { over } = await begin()
    const request = requestOf('/drip')
    for (const byte of request.slice(0, 5)) {
      client.send(byte)
      await clock.advance(1000)
    }
    client.send(request.slice(5))

    expect(await client.answer()).toMatchObject({ body: '0', saysClose: true })
    await serveTheOther()
    await over
  })

  test('of a body is cut off at the limit, and named; the others are served', async () => {
    const { begin, client, clock, serveTheOther } = await start(count, secure)
    const { abort, notes, over } = await begin()
    client.send(requestOf('/upload?a=b', { method: 'PUT', headers: { 'Content-Length': '100' } }))
    for (let byte = 0; byte < 4; byte++) {
      client.send('x')
      await clock.advance(1000)
    }
    await serveTheOther()
    await clock.advance(4000)
    expect(client.ending).toBeUndefined()
    abort()
    await client.ended()

    expect(notes).toEqual(['cut off: PUT /upload, 8 s old, from 127.0.0.1'])
    await over
  })

  test('after its answer has its connection closed all the same', async () => {
    const { begin, client, clock, serveTheOther } = await start((_, response) => {
      response.writeHead(413).end()
    }, secure)
    const { notes, over } = await begin()
    client.send(requestOf('/upload', { method: 'PUT', headers: { 'Content-Length': '100' } }))
    expect(await client.answer()).toMatchObject({ status: 413 })
    await serveTheOther()
    for (let byte = 0; byte < 3; byte++) {
      client.send('x')
      await clock.advance(1000)
    }
    await client.ended()

    await over
    expect(notes).toEqual([`${ENDED} 1 request received only in part`, account(2, 1, 0)])
  })
})

describe('a client that half-closes its connection', () => {
  test('while it is idle holds nothing up', async () => {
    const { begin, client, serveTheOther } = await start(count, false)
    await client.get('/')
    const { over } = await begin()
    client.socket.end()
    await client.closed()
    await serveTheOther()

    await over
  })

  test('in the middle of a head holds nothing up', async () => {
    const { begin, client, serveTheOther } = await start(count, false)
    client.send('GET / HT')
    const { notes, over } = await begin()
    client.socket.end()
    await client.closed()
    await serveTheOther()

    await over
    expect(notes).toEqual([account(2, 1, 0)])
  })

  test('after its request is gone: its handler is waited for, though Node sends no answer', async () => {
    const seen: ServerResponse[] = []
    const { begin, client, serveTheOther } = await start((_, response) => {
      seen.push(response)
    }, false)
    client.ask('/')
    client.socket.end()
    await until(() => seen[0]?.closed === true)
    const { notes, over } = await begin()
    await client.closed()
    await serveTheOther()
    seen[0]?.end('ok')

    await over
    expect(notes).toEqual([account(1, 1, 0), 'waited for GET /, client gone'])
  })

  test('after its request is answered where the server waits for that', async () => {
    const seen: ServerResponse[] = []
    const { begin, client, serveTheOther, server } = await start((_, response) => {
      seen.push(response)
    }, false)
    Object.assign(server, { httpAllowHalfOpen: true })
    client.ask('/half')
    client.socket.end()
    await until(() => seen[0]?.req.socket.readableEnded === true)
    const { over } = await begin()
    seen[0]?.end('ok')

    expect(await client.answer()).toMatchObject({ body: 'ok', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await serveTheOther()
    await over
  })

  test('and reads no more is gone after the linger', async () => {
    const { begin, clock, port, serveTheOther } = await start(count, false)
    const client = await connect(port, { halfOpen: true })
    await client.get('/')
    const { over } = await begin()
    client.socket.pause()
    await serveTheOther()
    await clock.advance(500)

    await over
  })
})

describe('clients that connect anew all the time', () => {
  test('do not keep the drain from its end, nor a request in flight from its answer', async () => {
    let held: ServerResponse | undefined
    const { connect, port, server, shutdown } = await serve(
      (request, response) => {
        if (request.url === '/slow') held = response
        else response.end('ok')
      },
      { timeout: '2s' },
    )
    const good = await connect()
    good.ask('/slow')
    await until(() => held !== undefined)
    const counts = { answered: 0, unanswered: 0, refused: 0 }
    const visit = async () => {
      const client = await RawClient.connect(port).catch(() => undefined)
      if (!client) return void counts.refused++
      // Refused only before it was accepted: each client that was accepted has an answer.
      await client.get('/').then(
        () => counts.answered++,
        () => counts.unanswered++,
      )
      client.socket.destroy()
    }
    const visits: Promise<void>[] = []
    const visiting = setInterval(() => visits.push(visit()), 1)
    await until(() => counts.answered >= 10)
    const run = shutdown.now()
    await stoppedListening({ server })
    await until(() => counts.refused >= 10)
    held?.end('slow')
    const report = await run
    clearInterval(visiting)
    await Promise.all(visits)

    expect(await good.answer()).toMatchObject({ body: 'slow', saysClose: true })
    expect(hookOf(report)).toMatchObject({ status: 'done' })
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(counts.unanswered).toBe(0)
  })

  test('and send nothing are closed after the linger', async () => {
    const clock = new PollingClock()
    const { port, server, shutdown } = await serve((_, response) => response.end(), { clock })
    const clients: RawClient[] = []
    let refused = 0
    const visiting = setInterval(() => {
      RawClient.connect(port).then(
        (client) => clients.push(client),
        () => refused++,
      )
    }, 1)
    await until(() => clients.length >= 10)
    const run = shutdown.now()
    await stoppedListening({ server })
    await until(() => refused >= 10)
    clearInterval(visiting)
    await clock.advance(250)
    const report = await run

    expect(report).toMatchObject({ outcome: 'clean' })
    expect(await Promise.all(clients.map((client) => client.ended()))).toEqual(
      clients.map(() => 'FIN'),
    )
  })
})
