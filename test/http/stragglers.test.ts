import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect as connectPlainly } from 'node:net'
import { type Duplex, Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { formatDuration } from '../../src/base/duration.ts'
import { bytesInWrite } from '../../src/http/node/bytes-in-write.ts'
import { type RawClient, requestOf } from '../support/clients/raw-client.ts'
import { selfSigned } from '../support/servers/certificate.ts'
import { connect, listen, until } from '../support/service.ts'
import {
  type VirtualDrain,
  type VirtualDrainOptions,
  virtualDrain,
} from '../support/virtual-drain.ts'

const certificate = selfSigned()

/** More than the buffers of both sides take. */
const LARGE = Buffer.alloc(16 * 1024 * 1024)

const UPGRADES = { Connection: 'Upgrade', Upgrade: 'echo' }
const UPGRADE = requestOf('/chat', { headers: UPGRADES })

const CONNECTS = [
  ['http', false],
  ['https', true],
] as const

interface Running extends VirtualDrain {
  readonly server: Server
  /** The responses to `/slow`, which the test ends. */
  readonly slow: ServerResponse[]
  /** The responses that are more than a client takes at once. */
  readonly large: ServerResponse[]
  connect(options?: { halfOpen?: boolean }): Promise<RawClient>
  port: number
}

/** A server with handlers of many kinds. */
async function service(secure = false, options: VirtualDrainOptions = {}): Promise<Running> {
  const slow: ServerResponse[] = []
  const large: ServerResponse[] = []
  const handler: RequestListener = (request, response) => {
    const path = request.url?.split('?')[0]
    if (path === '/large' || path === '/piped') large.push(response)
    if (path === '/slow') slow.push(response)
    else if (path === '/large') response.end(LARGE)
    else if (path === '/piped') Readable.from(endless()).pipe(response)
    else if (request.method === 'PUT') request.resume()
    else response.end('ok')
  }
  const server = secure ? createSecureServer(certificate, handler) : createServer(handler)
  server.on('upgrade', (_, socket: Duplex) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.on('data', (data) => socket.write(data))
  })
  const drain = virtualDrain(server, options)
  const port = await listen(server)
  return Object.assign(drain, {
    server,
    slow,
    large,
    port,
    connect: (more = {}) => connect(port, { secure, ...more }),
  })
}

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024)
}

/** Waits until the server has read something more from its only connection. */
async function send(server: Server, client: RawClient, text: string): Promise<void> {
  const sockets = await new Promise<number>((resolve) =>
    server.getConnections((_, count) => resolve(count)),
  )
  expect(sockets).toBeGreaterThan(0)
  client.send(text)
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until nothing more goes out to a client that does not read. */
async function readNothing({ connect, large }: Running, path: string): Promise<RawClient> {
  const client = await connect()
  client.socket.pause()
  client.ask(path)
  await until(() => large.length === 1)
  const [{ req }] = large as [ServerResponse]
  let [before, same] = [-1, 0]
  await until(() => {
    const { bytesWritten } = req.socket
    const now = bytesInWrite(req.socket) + bytesWritten
    same = now === before && bytesInWrite(req.socket) > 0 ? same + 1 : 0
    before = now
    return same > 20
  })
  return client
}

/** A client that will hold the drain up, and what the report calls it. */
const STRAGGLERS: readonly [string, (running: Running) => Promise<RawClient>, RegExp][] = [
  [
    'has sent half of a head',
    async ({ server, connect }) => {
      const client = await connect()
      await send(server, client, 'GET / HT')
      return client
    },
    /^1 request received only in part$/,
  ],
  [
    'has sent a line break only',
    async ({ server, connect }) => {
      const client = await connect()
      await send(server, client, '\r\n')
      return client
    },
    /^1 request received only in part$/,
  ],
  [
    'has sent half of its second request',
    async ({ server, connect }) => {
      const client = await connect()
      await client.get('/')
      await send(server, client, 'GET / HT')
      return client
    },
    /^1 request received only in part$/,
  ],
  [
    'has sent half of a body after the answer to it',
    async ({ connect }) => {
      const client = await connect()
      client.send(requestOf('/', { method: 'POST', headers: { 'Content-Length': '9' } }))
      await client.answer()
      return client
    },
    /^1 request received only in part$/,
  ],
  [
    'reads nothing of a response that its handler has ended',
    (running) => readNothing(running, '/large?token=secret'),
    /^GET \/large, [\d.]+ (ms|s) old, from 127.0.0.1: [\d.]+ MB not taken by the client$/,
  ],
  [
    'reads nothing of a response that a handler pipes',
    (running) => readNothing(running, '/piped'),
    /^GET \/piped, [\d.]+ (ms|s) old, from 127.0.0.1: [\d.]+ [kM]B not taken by the client$/,
  ],
  [
    'says nothing on an upgraded connection',
    async ({ connect }) => {
      const client = await connect()
      client.send(UPGRADE)
      await client.has('101')
      return client
    },
    /^1 upgraded connection$/,
  ],
]

describe.each(CONNECTS)('over %s', (_, secure) => {
  describe.each(STRAGGLERS)('a client that %s', (__, straggle, line) => {
    test('is ended 2 s after the drain begins where nothing is in flight', async () => {
      const running = await service(secure)
      const client = await straggle(running)
      await running.begin()
      await running.clock.advance(1999)
      expect(running.isOver).toBe(false)
      await running.clock.advance(251)

      const [note, ...more] = await endedNotes(running, 'ended, 2 s after the last work: ')
      expect(note).toMatch(line)
      expect(more).toEqual([])
      expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
      expect(running.complaints).toEqual([
        `${note?.endsWith('not taken by the client') ? 'error' : 'warn'}: hook 'http': ended, 2 s after the last work: ${note}`,
      ])
      client.socket.resume()
      await client.closed()
    })

    test('is ended 2 s after the last work of ours', async () => {
      const running = await service(secure)
      const busy = await running.connect()
      busy.ask('/slow')
      await until(() => running.slow.length === 1)
      await straggle(running)
      await running.begin()
      await running.clock.advance(5000)
      running.slow[0]?.end('slow')
      expect(await busy.answer()).toMatchObject({ body: 'slow', saysClose: true })
      await running.clock.advance(1999)
      expect(running.isOver).toBe(false)
      await running.clock.advance(251)

      const notes = await endedNotes(running, 'ended, 2 s after the last work: ')
      expect(notes).toEqual([expect.stringMatching(line)])
      expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    })

    test('is ended at a limit that comes before, and changes no exit code', async () => {
      const running = await service(secure, { timeout: '1s' })
      await straggle(running)
      await running.begin()
      await running.clock.advance(980)
      await running.over()

      const [note] = await endedNotes(running, 'ended at the limit: ')
      expect(note).toMatch(line)
      expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
      expect(running.complaints).toEqual([`error: hook 'http': ended at the limit: ${note}`])
    })

    test('does not excuse the work of ours that the limit cuts off', async () => {
      const running = await service(secure, { timeout: '1s' })
      const busy = await running.connect()
      busy.ask('/slow')
      await until(() => running.slow.length === 1)
      await straggle(running)
      await running.begin()
      await running.clock.advance(1000)

      const report = await running.report()
      const cutOff = await endedNotes(running, 'cut off: ')
      expect(cutOff).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^GET \/slow, /),
          expect.stringMatching(line),
        ]),
      )
      expect(report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    })

    test('and that resets its connection then holds nothing up', async () => {
      const running = await service(secure)
      const client = await straggle(running)
      await running.begin()
      await running.clock.advance(500)
      if (secure) client.socket.destroy()
      else client.socket.resetAndDestroy()
      await running.clock.advance(0)

      expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
      expect(running.complaints).toEqual([])
      expect(running.clock.now()).toBeLessThan(1000)
    })
  })
})

describe.each(CONNECTS)('over %s, a client', (_, secure) => {
  test('that sends a head byte by byte is ended 2 s after the last work, however it drips', async () => {
    const running = await service(secure)
    const client = await running.connect()
    await running.begin()
    const [...bytes] = requestOf('/drip', { headers: { Padding: 'x'.repeat(100) } })
    for (const byte of bytes.slice(0, 19)) {
      await send(running.server, client, byte)
      await running.clock.advance(100)
    }
    expect(running.isOver).toBe(false)
    await running.clock.advance(350)

    const notes = await endedNotes(running, 'ended, 2 s after the last work: ')
    expect(notes).toEqual(['1 request received only in part'])
    expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
  })

  test('that sends the rest of its head in time is answered', async () => {
    const running = await service(secure)
    const client = await running.connect()
    await running.begin()
    await send(running.server, client, 'GET / HT')
    await running.clock.advance(1900)
    client.send('TP/1.1\r\nHost: localhost\r\n\r\n')

    expect(await client.answer()).toMatchObject({ body: 'ok', saysClose: true })
    expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(running.complaints).toEqual([])
  })

  test('that sends a body byte by byte is work of ours until the limit', async () => {
    const running = await service(secure, { timeout: '4s' })
    const client = await running.connect()
    client.send(requestOf('/up', { method: 'PUT', headers: { 'Content-Length': '100' } }))
    await running.begin()
    await running.clock.advance(4000)

    const cutOff = await endedNotes(running, 'cut off: ')
    expect(cutOff).toEqual([expect.stringMatching(/^PUT \/up, /)])
    expect(await running.report()).toMatchObject({ outcome: 'cut off', exitCode: 124 })
  })

  test('that speaks on an upgraded connection is work of ours until the limit', async () => {
    const running = await service(secure, { timeout: '5s' })
    const client = await running.connect()
    client.send(UPGRADE)
    await client.has('101')
    await running.begin()
    for (let passed = 0; passed < 4900; passed += 700) {
      client.received = ''
      client.send('still there')
      await client.has('still there')
      await running.clock.advance(700)
    }
    await running.clock.advance(100)

    expect(await endedNotes(running, 'cut off: ')).toEqual(['1 upgraded connection'])
    expect(await running.report()).toMatchObject({ outcome: 'cut off', exitCode: 124 })
  })

  test('that falls silent on an upgraded connection is ended 2 s after that', async () => {
    const running = await service(secure)
    const client = await running.connect()
    client.send(UPGRADE)
    await client.has('101')
    await running.begin()
    for (let passed = 0; passed < 3500; passed += 700) {
      client.received = ''
      client.send('still there')
      await client.has('still there')
      await running.clock.advance(700)
    }
    // The last words were 700 ms ago.
    await running.clock.advance(1299)
    expect(running.isOver).toBe(false)
    // It is looked at each 250 ms: once that they were spoken, and once that they were not.
    await running.clock.advance(501)

    const notes = await endedNotes(running, 'ended, 2 s after the last work: ')
    expect(notes).toEqual(['1 upgraded connection'])
    expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
  })

  // As in the documentation of Node's event clientError.
  test.each([
    ['before the signal', true],
    ['during the drain', false],
  ])(
    'whose nonsense was answered with 400 %s, and that keeps its side open, holds nothing up',
    async (__, isBefore) => {
      const running = await service(secure)
      running.server.on('clientError', (___, socket) => {
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
      })
      const client = await running.connect({ halfOpen: true })
      if (!isBefore) await running.begin()
      client.send('NONSENSE\r\n\r\n')
      await client.ended()
      if (isBefore) await running.begin()
      await running.clock.advance(600)
      await running.over()

      expect(running.complaints).toEqual([])
      expect(client.received).toContain('400 Bad Request')
    },
  )

  test('whose upgrade was refused by the application, and that keeps its side open, holds nothing up', async () => {
    const running = await service(secure)
    running.server.removeAllListeners('upgrade')
    running.server.on('upgrade', (__, socket: Duplex) => {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
    })
    const client = await running.connect({ halfOpen: true })
    expect(await client.get('/chat', { headers: UPGRADES })).toMatchObject({ status: 401 })
    await running.begin()
    await running.clock.advance(300)
    await running.over()

    expect(running.complaints).toEqual([])
  })
})

describe('a TLS handshake that comes to no end', () => {
  test.each([
    ['that has just begun is given four lingers', 0, 1000],
    ['that began long before is ended at once', 5000, 0],
  ])('and %s', async (_, before, after) => {
    const running = await service(true)
    const socket = connectPlainly({ port: running.port, host: '127.0.0.1' })
    onTestFinished(() => void socket.destroy())
    const closed = once(socket, 'close')
    await once(running.server, 'connection')
    await running.clock.advance(before)
    await running.begin()
    if (after > 0) await running.clock.advance(after - 1)
    expect(running.isOver).toBe(false)
    await running.clock.advance(1)

    await closed
    expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(running.complaints).toEqual([])
  })
})

describe('the time for stragglers', () => {
  const half = async ({ server, connect: open }: Running) => {
    const client = await open()
    await send(server, client, 'GET / HT')
  }

  test.each([
    ['is an option', { stragglers: '500ms', linger: '50ms' }, 500],
    ['is six lingers at least', { stragglers: '500ms' }, 1500],
    ['is six lingers where it is 0', { stragglers: 0, linger: '100ms' }, 600],
  ] as const)('%s', async (_, options, bound) => {
    const running = await service(false, options)
    await half(running)
    await running.begin()
    await running.clock.advance(bound - 1)
    expect(running.isOver).toBe(false)
    await running.clock.advance(1 + bound / 8)

    const notes = await endedNotes(running, `ended, ${formatDuration(bound)} after the last work: `)
    expect(notes).toEqual(['1 request received only in part'])
  })

  test('may be nothing at all: work of ours is waited for all the same', async () => {
    const running = await service(false, { stragglers: 0, linger: 0 })
    const client = await running.connect()
    client.ask('/slow')
    await until(() => running.slow.length === 1)
    await half(running)
    await running.begin()
    await running.clock.advance(3000)
    running.slow[0]?.end('slow')

    expect(await client.answer()).toMatchObject({ body: 'slow', saysClose: true })
    expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
  })

  test('begins anew with each request', async () => {
    const running = await service(false, { linger: '300ms' })
    const client = await running.connect()
    await client.get('/')
    await half(running)
    await running.begin()
    await running.clock.advance(250)
    expect(await client.get('/')).toMatchObject({ body: 'ok', saysClose: true })
    await running.clock.advance(1999)
    expect(running.isOver).toBe(false)
    await running.clock.advance(252)

    expect(running.complaints).toHaveLength(1)
  })

  test('counts from the end of work that has ended between two looks', async () => {
    const running = await service()
    const client = await running.connect()
    client.ask('/slow')
    await until(() => running.slow.length === 1)
    await half(running)
    await running.begin()
    await running.clock.advance(999)
    running.slow[0]?.end()
    await client.answer()
    await running.clock.advance(1999)
    expect(running.isOver).toBe(false)
    await running.clock.advance(252)

    expect(running.complaints).toHaveLength(1)
  })
})

describe('several stragglers', () => {
  test('are ended together, each with a line of its own, kinds with a number', async () => {
    const running = await service()
    await readNothing(running, '/large')
    for (let count = 0; count < 3; count++) {
      const client = await running.connect()
      await send(running.server, client, 'GET / HT')
    }
    for (let count = 0; count < 2; count++) {
      const client = await running.connect()
      client.send(UPGRADE)
      await client.has('101')
    }
    await running.begin()
    await running.clock.advance(2400)

    expect(await endedNotes(running, 'ended, 2 s after the last work: ')).toEqual([
      expect.stringMatching(/^GET \/large, .* MB not taken by the client$/),
      '2 upgraded connections',
      '3 requests received only in part',
    ])
    expect(await running.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
  })
})

/** The notes of the drain that begin so, without that beginning. */
async function endedNotes(running: VirtualDrain, start: string): Promise<string[]> {
  const notes = await running.notes()
  return notes.filter((note) => note.startsWith(start)).map((note) => note.slice(start.length))
}
