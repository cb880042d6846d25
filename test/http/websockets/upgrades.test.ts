import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { webSocketServerHooks } from '../../../src/http/websockets/websocket-server.ts'
import {
  askForWebSocket,
  type Client,
  closedNote,
  GOING_AWAY,
  openWebSocket,
  serveWebSockets,
  webSockets,
} from '../../support/clients/web-sockets.ts'
import {
  connect,
  Gate,
  hookOf,
  PollingClock,
  serve,
  stoppedListening,
  until,
} from '../../support/service.ts'

const REFUSED = {
  status: 503,
  headers: { 'retry-after': ['1'] },
  body: 'The server is shutting down.\n',
  saysClose: true,
}

describe.each([
  ['http', false],
  ['https', true],
])('requests for a WebSocket over %s', (_, secure) => {
  test('are served during the lame duck, in which none is closed', async () => {
    const clock = new PollingClock()
    const { connect, shutdown, sockets } = await serveWebSockets({
      clock,
      http: { clock, lameDuck: '2s', secure },
    })
    const early = await connect()
    await askForWebSocket(early)
    const run = shutdown.now()
    await until(() => clock.pending > 0)
    await clock.advance(1999)
    const late = await connect()
    expect(await askForWebSocket(late)).toMatchObject({ status: 101 })
    for (const socket of sockets.clients) socket.send('hello')
    for (const client of [early, late]) {
      await client.has('hello')
      expect(client.received).not.toContain(GOING_AWAY.reason)
    }

    await clock.advance(1)
    for (const client of [early, late]) {
      await client.has(GOING_AWAY.reason)
      client.send('\x88\x82\0\0\0\0\x03\xe9')
      await client.ended()
    }
    const report = await run
    expect(hookOf(report, 'websockets')?.notes).toEqual([closedNote(2, 2)])
    expect(report).toMatchObject({ outcome: 'clean' })
  })

  test('are refused with 503 after it, and not reset, while others are closed', async () => {
    const { connect, server, shutdown, sockets } = await serveWebSockets({ http: { secure } })
    // It never answers, so the hook is not over.
    const silent = await connect()
    await askForWebSocket(silent)
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    await silent.has(GOING_AWAY.reason)

    expect(await askForWebSocket(client)).toMatchObject(REFUSED)
    expect(await client.ended()).toBe('FIN')
    client.socket.end()
    silent.socket.destroy()
    const report = await run
    expect(hookOf(report, 'websockets')?.notes).toEqual([closedNote(1, 0)])
    expect(sockets.clients.size).toBe(0)
  })

  test('are refused with 503 after it, and not reset, when all WebSockets are gone already', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serveWebSockets(
      { http: { secure } },
      async ({ url }, response) => {
        if (url === '/slow') {
          begun.open()
          await gate.opened
        }
        response.end('page')
      },
    )
    const [busy, client] = [await connect(), await connect()]
    busy.ask('/slow')
    await begun.opened
    const ended = new Promise((resolve) => {
      shutdown.on('hook:end', ({ hook }) => hook.name === 'websockets' && resolve(true))
    })
    const run = shutdown.now()
    await Promise.all([stoppedListening({ server }), ended])
    const answer = await askForWebSocket(client)
    const ending = await client.ended()
    client.socket.end()
    gate.open()
    await run

    expect(answer).toMatchObject(REFUSED)
    expect(ending).toBe('FIN')
  })
})

describe('a WebSocketServer without a server, beside httpServer()', () => {
  async function serveUpgrades(authenticated: () => Promise<void> = async () => {}) {
    const clock = new PollingClock()
    const http = { clock, lameDuck: '2s' } as const
    const service = await serveWebSockets({ clock, http, name: 'unused' })
    service.server.removeAllListeners('upgrade')
    const own = webSockets({ noServer: true }, { clock })
    service.shutdown.add(own.hook)
    service.server.on('upgrade', async (request, socket, head) => {
      await authenticated()
      own.sockets.handleUpgrade(request, socket, head, (client) => {
        own.sockets.emit('connection', client, request)
      })
    })
    await until(() => service.server.listenerCount('upgrade') === 2)
    return { ...service, ...own, clock }
  }

  test('serves new ones during the lame duck', async () => {
    const { clock, open, shutdown } = await serveUpgrades()
    await open()
    const run = shutdown.now()
    await until(() => clock.pending > 0)
    const { closed } = await open('/late')
    await clock.advance(2000)

    expect(await closed).toEqual(GOING_AWAY)
    expect(hookOf(await run, 'websockets')?.notes).toEqual([closedNote(2, 2)])
  })

  test('serves the very first one also during the lame duck', async () => {
    const { clock, open, shutdown } = await serveUpgrades()
    const run = shutdown.now()
    await until(() => clock.pending > 0)
    const { closed } = await open('/first')
    await clock.advance(2000)

    expect(await closed).toEqual(GOING_AWAY)
    expect(hookOf(await run, 'websockets')?.notes).toEqual([closedNote(1, 1)])
  })

  test('waits for the lame duck of its server, and not of one that it had in an earlier shutdown', async () => {
    const clock = new PollingClock()
    const { sockets } = webSockets({ noServer: true })
    async function above() {
      const service = await serve(() => {}, { clock, lameDuck: '2s' })
      service.shutdown.add(webSocketServerHooks(sockets, {}, clock))
      service.server.on('upgrade', (request, socket, head) => {
        sockets.handleUpgrade(request, socket, head, (client) => {
          sockets.emit('connection', client, request)
        })
      })
      const client = await openWebSocket(service.port)
      const run = service.shutdown.now()
      await until(() => clock.pending > 0)
      return { client, run }
    }
    const before = await above()
    await clock.advance(2000)
    expect(await before.client.closed).toEqual(GOING_AWAY)
    await before.run

    const { client, run } = await above()
    client.socket.ping()
    await Promise.race([once(client.socket, 'pong'), client.closed])
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    await clock.advance(2000)
    expect(await client.closed).toEqual(GOING_AWAY)
    await run
  })

  test('closes one that the application accepts only when the others are being closed', async () => {
    const [asked, known] = [new Gate(), new Gate()]
    let asks = 0
    const { clock, connect, open, server, shutdown } = await serveUpgrades(async () => {
      if (++asks < 2) return
      asked.open()
      await known.opened
    })
    const silent = await connect()
    await askForWebSocket(silent)
    const opening = open('/slow')
    await asked.opened
    const run = shutdown.now()
    await until(() => clock.pending > 0)
    await clock.advance(2000)
    await stoppedListening({ server })
    await silent.has(GOING_AWAY.reason)
    known.open()

    expect(await (await opening).closed).toEqual(GOING_AWAY)
    silent.socket.destroy()
    expect(hookOf(await run, 'websockets')?.notes).toEqual([closedNote(2, 1)])
  })
})

describe('a WebSocket that is opened when the hook is over', () => {
  /** What becomes of it: why it was refused, or how it was closed. */
  async function fateOf(opening: Promise<Client>) {
    return opening.then(
      ({ closed }) => closed,
      (error: Error) => error.message,
    )
  }

  test('because the application accepted it late does not hold the drain up', async () => {
    const [asked, known] = [new Gate(), new Gate()]
    const { server, shutdown, port } = await serveWebSockets({ name: 'unused' })
    server.removeAllListeners('upgrade')
    const own = webSockets({ noServer: true })
    shutdown.add(own.hook)
    server.on('upgrade', async (request, socket, head) => {
      asked.open()
      await known.opened
      own.sockets.handleUpgrade(request, socket, head, (client) => {
        own.sockets.emit('connection', client, request)
      })
    })
    await until(() => server.listenerCount('upgrade') === 2)
    const fate = fateOf(openWebSocket(port))
    await asked.opened
    const ended = new Promise((resolve) => {
      shutdown.on('hook:end', ({ hook }) => hook.name === 'websockets' && resolve(true))
    })
    const run = shutdown.now()
    await Promise.all([stoppedListening({ server }), ended])
    known.open()
    const report = await run

    expect([GOING_AWAY, 'Unexpected server response: 503']).toContainEqual(await fate)
    expect(report).toMatchObject({ outcome: 'clean' })
  })

  test('because the drain is in a later phase does not hold up that drain', async () => {
    const clock = new PollingClock()
    const { open, shutdown } = await serveWebSockets({
      phase: 'deregister',
      http: { clock, lameDuck: '2s' },
    })
    const run = shutdown.now()
    await until(() => clock.pending > 0)
    const fate = fateOf(open())
    await until(() => clock.pending > 0)
    await clock.advance(2000)
    const report = await run

    expect([GOING_AWAY, 'Unexpected server response: 503']).toContainEqual(await fate)
    expect(report).toMatchObject({ outcome: 'clean' })
  })
})

describe('WebSockets of a server with a port of its own', () => {
  test('do not hold up an HTTP server of the same shutdown', async () => {
    const { shutdown, connect: connectHere } = await serveWebSockets()
    const other = webSockets({ port: 0, host: '127.0.0.1' }, { name: 'other' })
    shutdown.add(other.hook)
    await until(() => other.sockets.address() !== null)
    const client = await connect((other.sockets.address() as { port: number }).port)
    await askForWebSocket(client)
    const page = await connectHere()
    await page.get('/')
    const run = shutdown.now()
    await client.has(GOING_AWAY.reason)
    client.send('\x88\x82\0\0\0\0\x03\xe9')

    const report = await run
    expect(report).toMatchObject({ outcome: 'clean' })
    expect(hookOf(report, 'other')?.notes).toEqual([closedNote(1, 1)])
  })
})
