import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type HttpServerOptions, httpServer } from 'lastcall/http'
import { describe, expect, test } from 'vitest'
import { connectionOf } from '../../src/http/http1/connections.ts'
import { type RawClient, requestOf } from '../support/clients/raw-client.ts'
import { runHook, wholeHook } from '../support/hooks/run-hook.ts'
import { selfSigned } from '../support/servers/certificate.ts'
import { connect, listen, PollingClock, stoppedListening, until } from '../support/service.ts'

const REFUSED = {
  status: 503,
  headers: { 'retry-after': ['1'], 'content-type': ['text/plain'] },
  body: 'The server is shutting down.\n',
}

const PIECE = 'x'.repeat(10_000)
const certificate = selfSigned()

interface Wanted extends HttpServerOptions {
  readonly secure?: boolean
  /** The drain's time. */
  readonly limit?: number
  /** Connections that are there when the drain begins. */
  readonly clients?: number
}

/** A server that drains, with clients that stay connected however silent they are. */
async function drain(handler: RequestListener, wanted: Wanted = {}) {
  const { secure = false, limit = 10_000, clients: count = 1, ...options } = wanted
  const clock = new PollingClock()
  const handled: string[] = []
  const listener: RequestListener = (request, response) => {
    handled.push(`${request.method} ${request.url}`)
    handler(request, response)
  }
  const server = secure ? createSecureServer(certificate, listener) : createServer(listener)
  const hook = wholeHook(server, { linger: '10m', ...options }, clock)
  if (!hook) throw new Error('No hook')
  const port = await listen(server)
  const clients = await Promise.all(Array.from({ length: count }, () => connect(port, { secure })))
  /** Begins the drain; `remaining` later is where the limit would be. */
  const begin = async () => {
    const running = runHook(hook, { clock, limit })
    await stoppedListening({ server })
    return running
  }
  return { begin, client: clients[0] as RawClient, clients, clock, handled, server }
}

function inFlight({ req: request }: ServerResponse): number | undefined {
  return connectionOf(request.socket)?.inFlight
}

const ok: RequestListener = (request, response) => void response.end(request.url)

describe.each([
  ['http', false],
  ['https', true],
])('a request that comes late in a drain over %s', (_, secure) => {
  test('is refused with 503 that says close, and not reset', async () => {
    const { begin, client, clock, handled } = await drain(ok, { secure })
    const { notes, over } = await begin()
    await clock.advance(9001)

    expect(await client.get('/late')).toMatchObject({ ...REFUSED, saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await over
    expect(handled).toEqual([])
    expect(notes).toEqual([
      '1 connection: 1 closed after its last response, 0 idle',
      '1 late request refused with 503',
    ])
  })

  test('is served where it comes just before that, and the response says close', async () => {
    const { begin, client, clock, handled } = await drain(ok, { secure })
    const { notes, over } = await begin()
    await clock.advance(9000)

    expect(await client.get('/just')).toMatchObject({ status: 200, body: '/just', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await over
    expect(handled).toEqual(['GET /just'])
    expect(notes).toHaveLength(1)
  })

  test('is refused with all the others of its pipeline, and only the last answer says close', async () => {
    const { begin, client, clock, handled } = await drain(ok, { secure })
    const { notes, over } = await begin()
    await clock.advance(9001)
    client.send(['/1', '/2', '/3', '/4', '/5'].map((path) => requestOf(path)).join(''))

    const answers = await client.answers(5)
    for (const answer of answers) expect(answer).toMatchObject(REFUSED)
    expect(answers.map(({ saysClose }) => saysClose)).toEqual([false, false, false, false, true])
    expect(await client.ended()).toBe('FIN')
    await over
    expect(handled).toEqual([])
    expect(notes.at(-1)).toBe('5 late requests refused with 503')
  })

  test('is refused behind those that came in time, which are answered first', async () => {
    const held: ServerResponse[] = []
    const { begin, client, clock, handled } = await drain(
      (_, response) => void held.push(response),
      {
        secure,
      },
    )
    const { over } = await begin()
    client.send(requestOf('/1') + requestOf('/2'))
    await until(() => held.length === 2)
    await clock.advance(9001)
    client.send(requestOf('/3') + requestOf('/4') + requestOf('/5'))
    await until(() => held[1] !== undefined && inFlight(held[1]) === 5)
    for (const response of held) response.end('ok')

    const answers = await client.answers(5)
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 503, 503])
    expect(answers.map(({ saysClose }) => saysClose)).toEqual([false, false, false, false, true])
    expect(await client.ended()).toBe('FIN')
    await over
    expect(handled).toEqual(['GET /1', 'GET /2'])
  })

  test('is refused while its body is still coming, which is read to its end and dropped', async () => {
    const { begin, client, clock, handled } = await drain(ok, { secure })
    const { over } = await begin()
    await clock.advance(9001)
    const headers = { 'Content-Length': String(50 * PIECE.length) }
    client.send(requestOf('/upload', { method: 'POST', headers }) + PIECE)

    expect(await client.answer()).toMatchObject({ ...REFUSED, saysClose: true })
    for (let piece = 1; piece < 50; piece++) client.send(PIECE)
    expect(await client.ended()).toBe('FIN')
    await over
    expect(handled).toEqual([])
  })

  test('is refused with the body in the same packet', async () => {
    const { begin, client, clock } = await drain(ok, { secure })
    const { over } = await begin()
    await clock.advance(9001)
    const headers = { 'Transfer-Encoding': 'chunked' }
    client.send(`${requestOf('/upload', { method: 'POST', headers })}4\r\nbody\r\n0\r\n\r\n`)

    expect(await client.answer()).toMatchObject({ ...REFUSED, saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await over
  })

  test('is refused without a body where it asks for none', async () => {
    const { begin, client, clock } = await drain(ok, { secure })
    const { over } = await begin()
    await clock.advance(9001)

    expect(await client.get('/', { method: 'HEAD' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': ['1'] },
      body: '',
      saysClose: true,
    })
    expect(await client.ended()).toBe('FIN')
    expect(client.received).toBe('')
    await over
  })
})

describe('a request that asks before it sends its body, and comes late', () => {
  const EXPECT = {
    method: 'POST',
    headers: { Expect: '100-continue', 'Content-Length': '4' },
  } as const

  test('is refused, and not reset, where Node has answered that it may', async () => {
    const { begin, client, clock, handled } = await drain(ok)
    const { over } = await begin()
    await clock.advance(9001)
    client.ask('/', EXPECT)

    expect(await client.answer()).toMatchObject({ status: 100 })
    client.send('body')
    expect(await client.answer()).toMatchObject({ ...REFUSED, saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await over
    expect(handled).toEqual([])
  })

  test.each([
    ['checkContinue', '100-continue'],
    ['checkExpectation', 'a miracle'],
  ])('is refused before the application may answer %s', async (event, expectation) => {
    const { begin, client, clock, server } = await drain(ok)
    const asked: string[] = []
    server.on(event, () => asked.push(event))
    const { over } = await begin()
    await clock.advance(9001)

    expect(
      await client.get('/', { ...EXPECT, headers: { ...EXPECT.headers, Expect: expectation } }),
    ).toMatchObject({ ...REFUSED, saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await over
    expect(asked).toEqual([])
  })
})

describe('a request that came in time', () => {
  test('is answered though its body comes late', async () => {
    const { begin, client, clock } = await drain((request, response) => {
      let size = 0
      request.on('data', (piece: Buffer) => {
        size += piece.length
      })
      request.on('end', () => response.end(String(size)))
    })
    const headers = { 'Content-Length': String(5 * PIECE.length) }
    client.send(requestOf('/upload', { method: 'POST', headers }) + PIECE)
    const { notes, over } = await begin()
    await clock.advance(9900)
    for (let piece = 1; piece < 5; piece++) client.send(PIECE)

    expect(await client.answer()).toMatchObject({ status: 200, body: '50000', saysClose: true })
    await over
    expect(notes).toHaveLength(1)
  })

  test('is answered late, though others are refused by then', async () => {
    const held: ServerResponse[] = []
    const { begin, clients, clock } = await drain(
      (_, response) => {
        held.push(response)
      },
      { clients: 2 },
    )
    const [early, late] = clients
    early?.ask('/early')
    await until(() => held.length === 1)
    const { notes, over } = await begin()
    await clock.advance(9500)
    expect(await late?.get('/late')).toMatchObject(REFUSED)
    held[0]?.end('early')

    expect(await early?.answer()).toMatchObject({ body: 'early', saysClose: true })
    await over
    expect(notes.at(-1)).toBe('1 late request refused with 503')
  })
})

describe('how late is too late', () => {
  test.each([
    ['a tenth of the time', 5000, undefined, 500],
    ['at most 1 s', 60_000, undefined, 1000],
    ['what is asked for', 10_000, '4s', 4000],
    ['more than the whole time', 10_000, '11s', 10_000],
  ] as const)('is %s', async (_, limit, refuseWithin, before) => {
    const { begin, clients, clock } = await drain(ok, {
      limit,
      clients: 2,
      ...(refuseWithin === undefined ? {} : { refuseWithin }),
    })
    const { over } = await begin()
    await clock.advance(limit - before)
    const isAll = before === limit
    expect(await clients[0]?.get('/')).toMatchObject({ status: isAll ? 503 : 200 })
    await clock.advance(1)
    expect(await clients[1]?.get('/')).toMatchObject({ status: 503 })
    await over
  })

  test('is never, where that is 0', async () => {
    const { begin, client, clock } = await drain(ok, { refuseWithin: 0 })
    const { over } = await begin()
    await clock.advance(9900)

    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: true })
    await over
  })

  test('counts the lame duck as a part of the time, in which everybody is served', async () => {
    const clock = new PollingClock()
    const server = createServer(ok)
    const hook = wholeHook(server, { linger: '10m', lameDuck: '7s' }, clock)
    const port = await listen(server)
    const clients = [await connect(port), await connect(port)]
    if (!hook) throw new Error('No hook')
    const { over } = runHook(hook, { clock, limit: 10_000 })
    await clock.advance(6999)
    expect(await clients[0]?.get('/')).toMatchObject({ status: 200, saysClose: false })
    await clock.advance(1)
    await stoppedListening({ server })
    expect(await clients[0]?.get('/')).toMatchObject({ status: 200, saysClose: true })
    await clock.advance(2001)

    expect(await clients[1]?.get('/')).toMatchObject({ status: 503, saysClose: true })
    await over
  })

  test.each([
    ['text', '5', "got '5' (string)"],
    ['negative', -1, 'got -1 (number)'],
    ['endless', Number.POSITIVE_INFINITY, 'got Infinity (number)'],
    ['null', null, 'got null'],
  ])('may not be %s', (_, refuseWithin, value) => {
    const options = { refuseWithin } as HttpServerOptions
    const refused = expect.objectContaining({
      code: 'LASTCALL_INVALID_OPTION',
      message: expect.stringContaining('Expected `refuseWithin` to be a duration of 0 or more'),
    })
    expect(() => httpServer(createServer(), options)).toThrow(refused)
    expect(() => httpServer(createServer(), options)).toThrow(value)
  })
})
