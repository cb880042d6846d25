import type { EventEmitter } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { healthChecks } from '../../src/http/index.ts'
import type { AnyHttpServer } from '../../src/http/server.ts'
import { requestOf } from '../support/clients/raw-client.ts'
import { connectRaw, http2Server, listenHttp2 } from '../support/http2-service.ts'
import { selfSigned } from '../support/servers/certificate.ts'
import { account, connect, listen, until } from '../support/service.ts'
import { type VirtualDrainOptions, virtualDrain } from '../support/virtual-drain.ts'

/** A request whose handler has begun. */
interface Held {
  /** Ends the response, as the handler does when its work is done. */
  end(): void
  /** Whether the handler can know that the client has gone. */
  readonly isClosed: boolean
}

/** A client with one request in flight. */
interface Client {
  /** Leaves in one of the ways of its protocol. */
  leave(how: Leaving): Promise<void> | void
}

type Leaving = 'cancels the request' | 'closes the connection' | 'resets the connection'

interface Way {
  readonly leaves: readonly Leaving[]
  /** How the report names a request. */
  readonly suffix: string
  server(held: Held[]): AnyHttpServer
  ask(server: AnyHttpServer, path: string): Promise<Client>
}

const certificate = selfSigned()

function http1(secure: boolean): Way {
  return {
    // Above TLS a socket cannot be reset.
    leaves: secure ? ['closes the connection'] : ['closes the connection', 'resets the connection'],
    suffix: '',
    server(held) {
      const handler = (_: IncomingMessage, response: ServerResponse) => {
        held.push({
          end: () => void response.writeHead(200).end('paid'),
          get isClosed() {
            return response.closed
          },
        })
      }
      return secure ? createSecureServer(certificate, handler) : createServer(handler)
    },
    async ask(server, path) {
      const port = portOf(server) ?? (await listen(server as never))
      const client = await connect(port, { secure })
      client.ask(path, { method: 'POST' })
      const { socket } = client
      return {
        leave: (how) =>
          void (how === 'resets the connection' ? socket.resetAndDestroy() : socket.destroy()),
      }
    },
  }
}

function http2(secure: boolean, asStream: boolean): Way {
  return {
    leaves: secure
      ? ['cancels the request', 'closes the connection']
      : ['cancels the request', 'closes the connection', 'resets the connection'],
    suffix: ' (HTTP/2)',
    server(held) {
      if (!asStream) {
        return http2Server((_: Http2ServerRequest, response: Http2ServerResponse) => {
          const { stream } = response
          held.push({
            end: () => void response.end('paid'),
            get isClosed() {
              return stream.closed
            },
          })
        }, secure)
      }
      const server = http2Server(undefined, secure)
      server.on('stream', (stream: ServerHttp2Stream) => {
        stream.on('error', () => {})
        held.push({
          end() {
            if (!stream.destroyed) stream.respond()
            stream.end('paid')
          },
          get isClosed() {
            return stream.closed
          },
        })
      })
      return server
    },
    async ask(server, path) {
      const port = portOf(server) ?? (await listenHttp2(server as never))
      const client = await connectRaw(port, { secure })
      const stream = client.ask(path, { method: 'POST' })
      return {
        leave(how) {
          if (how === 'cancels the request') client.reset(stream)
          else if (how === 'closes the connection') client.socket.destroy()
          else client.socket.resetAndDestroy()
        },
      }
    },
  }
}

function portOf(server: AnyHttpServer): number | undefined {
  const address = server.address()
  return typeof address === 'object' ? address?.port : undefined
}

const WAYS: readonly [string, Way][] = [
  ['http', http1(false)],
  ['https', http1(true)],
  ['HTTP/2', http2(false, false)],
  ['HTTP/2 with TLS', http2(true, false)],
  ['HTTP/2, as a stream', http2(false, true)],
  ['HTTP/2 with TLS, as a stream', http2(true, true)],
]

const EVERY = WAYS.flatMap(([name, way]) =>
  way.leaves.map((how): [string, Leaving, Way] => [name, how, way]),
)

/** A server with requests whose handlers a test ends, and its drain. */
function service(way: Way, options: VirtualDrainOptions = {}) {
  const held: Held[] = []
  const server = way.server(held)
  const drain = virtualDrain(server, options)
  return {
    ...drain,
    drain,
    held,
    server,
    async ask(path = '/pay'): Promise<Client> {
      const before = held.length
      const client = await way.ask(server, path)
      await until(() => held.length > before)
      return client
    },
  }
}

describe.each(EVERY)('a request over %s whose client %s', (_, how, way) => {
  test('before the signal is in flight until its handler has ended the response', async () => {
    const { ask, clock, drain, held } = service(way)
    const client = await ask('/pay?card=4111')
    client.leave(how)
    await until(() => held[0]?.isClosed === true)
    await clock.advance(100)
    await drain.begin()
    await clock.advance(4000)
    expect(drain.isOver).toBe(false)
    held[0]?.end()

    expect(await drain.notes()).toContain(`waited for POST /pay${way.suffix}, client gone`)
    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(drain.complaints).toEqual([])
  })

  test('during the drain is in flight until its handler has ended the response', async () => {
    const { ask, clock, drain, held } = service(way)
    const client = await ask()
    await drain.begin()
    await clock.advance(1000)
    client.leave(how)
    await until(() => held[0]?.isClosed === true)
    await clock.advance(4000)
    expect(drain.isOver).toBe(false)
    held[0]?.end()

    const closed = way.suffix === '' ? account(1, 0, 0) : '1 HTTP/2 session closed'
    const waited = `waited for POST /pay${way.suffix}, client gone`
    expect(new Set(await drain.notes())).toEqual(new Set([closed, waited]))
    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(drain.complaints).toEqual([])
  })

  test('and that nobody ends is forgotten 5 s after that, with a warning', async () => {
    const { ask, clock, drain, held } = service(way)
    const client = await ask()
    client.leave(how)
    await until(() => held[0]?.isClosed === true)
    await clock.advance(3000)
    await drain.begin()
    await clock.advance(1999)
    expect(drain.isOver).toBe(false)
    await clock.advance(1)

    const report = await drain.report()
    const warning = `1 response not ended by the handler within 5 s after the client left: POST /pay${way.suffix}`
    expect(await drain.notes()).toContain(warning)
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(drain.complaints).toEqual([`warn: hook 'http': ${warning}`])
  })

  test('5 s before the signal, or earlier, holds nothing up', async () => {
    const { ask, clock, drain, held } = service(way)
    const client = await ask()
    client.leave(how)
    await until(() => held[0]?.isClosed === true)
    await clock.advance(5000)
    await drain.begin()
    // The linger of a connection that its client has kept.
    await clock.advance(1000)

    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(drain.complaints).toEqual([])
  })

  test('is not waited for where its handler ends the response at once', async () => {
    const { ask, clock, drain, held } = service(way)
    const client = await ask()
    client.leave(how)
    await until(() => held[0]?.isClosed === true)
    held[0]?.end()
    await drain.begin()
    await clock.advance(1000)

    expect((await drain.notes()).filter((note) => note.startsWith('waited'))).toEqual([])
    expect(drain.complaints).toEqual([])
  })
})

const [HTTP1, , HTTP2, , STREAM] = WAYS.map(([, way]) => way) as [Way, Way, Way, Way, Way]

describe('the time that a handler has after its client has gone', () => {
  test.each([
    ['http', HTTP1],
    ['HTTP/2', HTTP2],
  ])('is an option, over %s', async (_, way) => {
    const { ask, clock, drain, held } = service(way, { goneClients: '700ms' })
    const client = await ask()
    await drain.begin()
    client.leave('closes the connection')
    await until(() => held[0]?.isClosed === true)
    await clock.advance(699)
    expect(drain.isOver).toBe(false)
    await clock.advance(1)

    expect((await drain.notes()).join()).toContain('within 700 ms after the client left')
  })

  test.each([
    ['http', HTTP1],
    ['HTTP/2', HTTP2],
    ['HTTP/2, as a stream', STREAM],
  ])('may be 0: then it is not waited for, over %s', async (_, way) => {
    const { ask, drain, held } = service(way, { goneClients: 0 })
    const [early, late] = [await ask(), await ask()]
    early.leave('closes the connection')
    await until(() => held[0]?.isClosed === true)
    await drain.begin()
    late.leave('closes the connection')
    await until(() => held[1]?.isClosed === true)

    expect(await drain.report()).toMatchObject({ outcome: 'clean' })
    expect(drain.complaints).toEqual([])
  })

  test('is cut off by the limit of the hook, whose report names the request', async () => {
    const { ask, clock, drain, held } = service(HTTP1, { timeout: '3s' })
    const client = await ask()
    await drain.begin()
    await clock.advance(1000)
    client.leave('closes the connection')
    await until(() => held[0]?.isClosed === true)
    await clock.advance(2000)

    expect(await drain.notes()).toEqual(['cut off: POST /pay, client gone 2 s ago'])
    expect(await drain.report()).toMatchObject({ outcome: 'cut off', exitCode: 124 })
  })

  test('begins for each when its client leaves', async () => {
    const { ask, clock, drain, held } = service(HTTP1)
    const clients = [await ask('/1'), await ask('/2'), await ask('/3')]
    const leave = async (index: number) => {
      clients[index]?.leave('closes the connection')
      await until(() => held[index]?.isClosed === true)
    }
    await leave(0)
    await clock.advance(2000)
    await leave(1)
    await drain.begin()
    await clock.advance(1000)
    await leave(2)
    await clock.advance(2000)
    expect(drain.complaints).toEqual([expect.stringMatching(/: POST \/1$/)])
    await clock.advance(2000)
    expect(drain.complaints).toEqual([
      expect.stringMatching(/: POST \/1$/),
      expect.stringMatching(/: POST \/2$/),
    ])
    held[2]?.end()

    expect(await drain.notes()).toContain('waited for POST /3, client gone')
  })
})

describe('handlers that never end their responses', () => {
  test('are named once, where there are a thousand whose clients left together', async () => {
    const { ask, clock, drain, held } = service(HTTP1)
    const clients: Client[] = []
    for (let index = 0; index < 1000; index++) clients.push(await ask())
    for (const client of clients) client.leave('closes the connection')
    await until(() => held.every(({ isClosed }) => isClosed))
    await drain.begin()
    await clock.advance(5000)

    const ten = Array.from({ length: 10 }, () => 'POST /pay').join('; ')
    const warning = `1000 responses not ended by the handler within 5 s after the client left: ${ten}; 990 requests more`
    expect(await drain.notes()).toEqual([warning])
    expect(drain.complaints).toEqual([`warn: hook 'http': ${warning}`])
    expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
  })

  test('and those that do are named in the report: ten, and how many more', async () => {
    const { ask, drain, held } = service(HTTP1)
    const clients = await Promise.all(Array.from({ length: 12 }, () => ask()))
    await until(() => held.length === 12)
    for (const client of clients) client.leave('closes the connection')
    await until(() => held.every(({ isClosed }) => isClosed))
    await drain.begin()
    for (const request of held) request.end()

    const notes = await drain.notes()
    expect(notes).toEqual([
      ...Array.from({ length: 10 }, () => 'waited for POST /pay, client gone'),
      'waited for 2 requests more',
    ])
  })

  describe.each([
    ['http', HTTP1],
    ['HTTP/2', HTTP2],
    ['HTTP/2, as a stream', STREAM],
  ])('over %s', (_, way) => {
    test('are not kept in memory', async () => {
      const { drain, gone } = await goneAndForgotten(way)
      // Those that Node has not let go of yet.
      expect(gone.filter((response) => response.deref() !== undefined).length).toBeLessThan(5)
      // Their names are forgotten as well: nobody can end what is collected.
      await until(() => drain.handlersLeft() < 5)
    })
  })
})

/** Fifty requests whose handlers hold nothing any more when their clients have gone. */
async function goneAndForgotten(way: Way) {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const gone: WeakRef<object>[] = []
  const closed = { count: 0 }
  const server = way.server([])
  // That one holds what it is given.
  server.removeAllListeners(way === STREAM ? 'stream' : 'request')
  const note = (response: EventEmitter) => {
    gone.push(new WeakRef(response))
    response.on('error', () => {})
    response.once('close', () => closed.count++)
  }
  if (way === STREAM) server.on('stream', note)
  else server.on('request', (_: unknown, response: EventEmitter) => note(response))
  const drain = virtualDrain(server)
  for (let index = 0; index < 50; index++) {
    const client = await way.ask(server, '/events')
    await until(() => gone.length === index + 1)
    client.leave('closes the connection')
    await until(() => closed.count === index + 1)
  }
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  await new Promise((resolve) => setImmediate(resolve))
  return { drain, gone }
}

describe('pipelined requests whose client leaves', () => {
  test.each([
    ['before the signal', true],
    ['during the drain', false],
  ])('%s are all waited for that have not ended their responses', async (_, isBefore) => {
    const { clock, drain, held, server } = service(HTTP1)
    const client = await connect(await listen(server as never))
    client.send(['/1', '/2', '/3', '/4'].map((path) => requestOf(path)).join(''))
    await until(() => held.length === 4)
    // Ended, and not sent: the responses go in the order of the requests.
    held[1]?.end()
    if (!isBefore) await drain.begin()
    client.socket.destroy()
    await until(() => held[0]?.isClosed === true)
    if (isBefore) await drain.begin()
    for (const index of [3, 0]) {
      held[index]?.end()
      await clock.advance(1000)
      expect(drain.isOver).toBe(false)
    }
    held[2]?.end()

    const notes = await drain.notes()
    expect(notes.filter((note) => note.startsWith('waited'))).toEqual([
      'waited for GET /4, client gone',
      'waited for GET /1, client gone',
      'waited for GET /3, client gone',
    ])
    expect(drain.complaints).toEqual([])
  })
})

describe('a handler that gives up', () => {
  const GIVING_UP: readonly [
    string,
    (request: IncomingMessage, response: ServerResponse) => void,
  ][] = [
    ['the request', (request) => void request.destroy()],
    ['the request, with an error', (request) => void request.destroy(new Error('given up'))],
    ['the response', (_, response) => void response.destroy()],
    ['the socket', ({ socket }) => void socket.destroy()],
    ['the socket, with a reset', ({ socket }) => void socket.resetAndDestroy()],
  ]

  test.each(GIVING_UP)('by destroying %s is not waited for', async (_, giveUp) => {
    const responses: ServerResponse[] = []
    const server = createServer((_, response) => {
      response.req.on('error', () => {})
      responses.push(response)
    })
    const drain = virtualDrain(server)
    const port = await listen(server)
    const clients = [await connect(port), await connect(port)]
    for (const client of clients) client.ask('/')
    await until(() => responses.length === 2)
    const [early, late] = responses as [ServerResponse, ServerResponse]
    giveUp(early.req, early)
    await until(() => early.closed)
    await drain.begin()
    giveUp(late.req, late)

    expect(await drain.notes()).toEqual([account(1, 0, 0)])
    expect(drain.complaints).toEqual([])
  })

  test('after its client has gone is waited for until then', async () => {
    const responses: ServerResponse[] = []
    const server = createServer((_, response) => void responses.push(response))
    const drain = virtualDrain(server)
    const client = await connect(await listen(server))
    client.ask('/proxied')
    await until(() => responses.length === 1)
    client.socket.destroy()
    await until(() => responses[0]?.closed === true)
    await drain.begin()
    await drain.clock.advance(1000)
    expect(drain.isOver).toBe(false)
    responses[0]?.destroy()

    expect(await drain.notes()).toEqual(['waited for GET /proxied, client gone'])
  })
})

describe('a download', () => {
  test.each([
    ['http', HTTP1],
    ['HTTP/2', HTTP2],
  ])(
    'over %s is over when its client leaves: nothing is written to it any more',
    async (_, way) => {
      const responses: (ServerResponse | Http2ServerResponse)[] = []
      const server = way.server([])
      server.on('request', (_: unknown, response: ServerResponse) => {
        responses.push(response)
        new Readable({ read() {} }).pipe(response)
      })
      const drain = virtualDrain(server)
      const client = await way.ask(server, '/export')
      await until(() => responses.length === 1)
      await drain.begin()
      client.leave('closes the connection')

      expect(await drain.report()).toMatchObject({ outcome: 'clean' })
      expect(drain.complaints).toEqual([])
    },
  )
})

describe('an upload whose client leaves in the middle', () => {
  test('is in flight until its handler has ended the response', async () => {
    const responses: ServerResponse[] = []
    const server = createServer((request, response) => {
      request.on('error', () => {}).resume()
      responses.push(response)
    })
    const drain = virtualDrain(server)
    const client = await connect(await listen(server))
    client.send(requestOf('/upload', { method: 'PUT', headers: { 'Content-Length': '9' } }))
    client.send('half')
    await until(() => responses.length === 1)
    await drain.begin()
    client.socket.destroy()
    await until(() => responses[0]?.closed === true)
    await drain.clock.advance(3000)
    expect(drain.isOver).toBe(false)
    responses[0]?.end()

    expect(await drain.notes()).toContain('waited for PUT /upload, client gone')
  })
})

describe('a probe whose prober leaves', () => {
  test.each([
    ['http', HTTP1],
    ['HTTP/2', HTTP2],
  ])('before it is answered is not waited for, over %s', async (_, way) => {
    let probes = 0
    const health = healthChecks({
      ready: () => {
        probes++
        return new Promise<boolean>(() => {})
      },
    })
    const server = way.server([])
    server.removeAllListeners('request')
    server.on('request', health)
    const drain = virtualDrain(server, { health, lameDuck: 0 })
    const probe = () =>
      way === HTTP1 ? probeHttp1(portOf(server) as number) : probeHttp2(portOf(server) as number)
    if (way === HTTP1) await listen(server as never)
    else await listenHttp2(server as never)
    const leave = await probe()
    await until(() => probes === 1)
    leave()
    await until(() => drain.inFlight() === 0)
    await drain.begin()

    expect(await drain.report()).toMatchObject({ outcome: 'clean' })
    expect(drain.complaints).toEqual([])
  })
})

async function probeHttp1(port: number): Promise<() => void> {
  const client = await connect(port)
  client.ask('/readyz')
  return () => client.socket.destroy()
}

async function probeHttp2(port: number): Promise<() => void> {
  const client = await connectRaw(port)
  client.ask('/readyz')
  return () => client.socket.destroy()
}
