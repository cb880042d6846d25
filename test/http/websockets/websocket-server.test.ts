import { createServer } from 'node:http'
import { webSocketServer } from 'lastcall/http'
import { describe, expect, test } from 'vitest'
import {
  askForWebSocket,
  closedNote,
  GOING_AWAY,
  listenForWebSockets,
  openWebSocket,
  serveWebSockets,
  webSockets,
} from '../../support/clients/web-sockets.ts'
import { runHook } from '../../support/hooks/run-hook.ts'
import {
  connect,
  hookOf,
  listen,
  PollingClock,
  stoppedListening,
  until,
} from '../../support/service.ts'

describe('the WebSockets of a server', () => {
  test('are closed with 1001 and a reason, beside the HTTP of their server', async () => {
    const { open, shutdown } = await serveWebSockets()
    const clients = [await open('/chat'), await open('/news')]
    const run = shutdown.now()

    for (const { closed } of clients) expect(await closed).toEqual(GOING_AWAY)
    const report = await run
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(hookOf(report, 'websockets')).toMatchObject({
      phase: 'drain',
      status: 'done',
      notes: [closedNote(2, 2)],
    })
  })

  test('are closed with the code and the reason of the options', async () => {
    const { open, shutdown } = await serveWebSockets({ code: 1012, reason: 'à bientôt' })
    const { closed } = await open()
    void shutdown.now()

    expect(await closed).toEqual({ code: 1012, reason: 'à bientôt' })
  })

  test('have one listener, however often their server is passed in', async () => {
    const { sockets } = await serveWebSockets()
    for (let n = 0; n < 12; n++) webSocketServer(sockets)

    expect(sockets.listenerCount('connection')).toBe(1)
  })

  test('may be none, and then there is no note', async () => {
    const { shutdown } = await serveWebSockets()

    expect(hookOf(await shutdown.now(), 'websockets')).toMatchObject({ status: 'done', notes: [] })
  })

  test('may all be closed when the shutdown begins, and then there is no note', async () => {
    const { open, sockets, shutdown } = await serveWebSockets()
    const { socket } = await open()
    socket.close()
    await until(() => sockets.clients.size === 0)

    expect(hookOf(await shutdown.now(), 'websockets')).toMatchObject({ status: 'done', notes: [] })
  })

  test('may still send and receive what was under way', async () => {
    const { open, sockets, shutdown } = await serveWebSockets()
    const heard: string[] = []
    sockets.on('connection', (socket) => {
      socket.on('message', (data) => heard.push(data.toString()))
      shutdown.signal.addEventListener('abort', () => socket.send('last'))
    })
    const { socket, closed } = await open()
    const messages: string[] = []
    socket.on('message', (data) => messages.push(data.toString()))
    socket.send('before')
    await until(() => heard.length === 1)
    const run = shutdown.now()
    socket.send('crossing')
    await closed
    await run

    expect(messages).toEqual(['last'])
    expect(heard).toEqual(['before', 'crossing'])
  })

  test('are closed over TLS as well', async () => {
    const { sockets, connect, shutdown } = await serveWebSockets({ http: { secure: true } })
    const client = await connect()
    expect(await askForWebSocket(client)).toMatchObject({ status: 101 })
    void shutdown.now()
    await client.has('\x88\x19\x03\xe9server is shutting down')

    expect(sockets.clients.size).toBe(1)
    // The close frame of a client is masked (RFC 6455, 5.3): here with a mask of zeros.
    client.send('\x88\x82\0\0\0\0\x03\xe9')
    expect(await client.ended()).toBe('FIN')
  })
})

describe('a WebSocketServer with a port of its own', () => {
  test('stops listening, and closes its clients', async () => {
    const { hook, open, port } = await listenForWebSockets()
    const { closed } = await open()
    const { notes, over } = runHook(hook)

    expect(await closed).toEqual(GOING_AWAY)
    await over
    expect(notes).toEqual([closedNote(1, 1)])
    await expect(connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('stops listening where no client ever came', async () => {
    const { hook, port } = await listenForWebSockets()
    const { notes, over } = runHook(hook)
    await over

    expect(notes).toEqual([])
    await expect(connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('a WebSocketServer without a server', () => {
  /** One server, whose upgrades the application hands out by their paths. */
  async function serveByPath() {
    const clock = new PollingClock()
    const service = await serveWebSockets({ ws: { server: undefined, noServer: true } as object })
    const other = webSockets({ noServer: true }, { name: 'news', clock })
    service.shutdown.add(other.hook)
    service.server.on('upgrade', (request, socket, head) => {
      const { sockets } = request.url === '/news' ? other : service
      sockets.handleUpgrade(request, socket, head, (client) => {
        sockets.emit('connection', client, request)
      })
    })
    return { ...service, other }
  }

  test('closes its clients, and so does every other one on that server', async () => {
    const { open, shutdown } = await serveByPath()
    const clients = [await open('/chat'), await open('/news'), await open('/news')]
    const run = shutdown.now()

    for (const { closed } of clients) expect(await closed).toEqual(GOING_AWAY)
    const report = await run
    expect(hookOf(report, 'websockets')?.notes).toEqual([closedNote(1, 1)])
    expect(hookOf(report, 'news')?.notes).toEqual([closedNote(2, 2)])
    expect(report).toMatchObject({ outcome: 'clean' })
  })

  test('holds nothing up where no client ever came', async () => {
    const { shutdown } = await serveByPath()
    const report = await shutdown.now()

    expect(report).toMatchObject({ outcome: 'clean' })
    expect(hookOf(report, 'news')).toMatchObject({ status: 'done', notes: [] })
  })
})

describe('a WebSocketServer with a path', () => {
  test('closes the clients of its path; its server goes on for the others until it is drained', async () => {
    const { connect, open, server, shutdown } = await serveWebSockets({ ws: { path: '/chat' } })
    const { closed } = await open('/chat')
    const other = await connect()
    expect(await askForWebSocket(other, '/elsewhere')).toMatchObject({ status: 400 })
    const client = await connect()
    await client.get('/')
    const run = shutdown.now()
    await stoppedListening({ server })

    expect(await client.get('/')).toMatchObject({ body: 'page', saysClose: true })
    expect(await closed).toEqual(GOING_AWAY)
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

describe('where httpServer() does not drain at the same time', () => {
  test('without a lame duck WebSockets are closed at once', async () => {
    const server = createServer()
    const { hook, sockets } = webSockets({ server })
    const port = await listen(server)
    const { closed } = await openWebSocket(port)
    const { notes, over } = runHook(hook)

    expect(await closed).toEqual(GOING_AWAY)
    await over
    expect(notes).toEqual([closedNote(1, 1)])
    expect(sockets.clients.size).toBe(0)
  })

  test('a hook in an earlier phase does not wait for the drain of a later one', async () => {
    const clock = new PollingClock()
    const { open, server, shutdown } = await serveWebSockets({
      phase: 'deregister',
      http: { clock, lameDuck: '1s' },
    })
    const { closed } = await open()
    const run = shutdown.now()

    expect(await closed).toEqual(GOING_AWAY)
    await until(() => clock.pending > 0)
    expect(server.listening).toBe(true)
    await clock.advance(1000)
    const report = await run
    expect(hookOf(report, 'websockets')).toMatchObject({
      phase: 'deregister',
      notes: [closedNote(1, 1)],
    })
    expect(report).toMatchObject({ outcome: 'clean' })
  })

  test('a WebSocket that is opened while others are being closed is closed as well', async () => {
    const server = createServer()
    const { hook, sockets } = webSockets({ server })
    const port = await listen(server)
    const silent = await connect(port)
    await askForWebSocket(silent)
    const { abort, notes, over } = runHook(hook)
    await silent.has('server is shutting down')
    const { closed } = await openWebSocket(port, '/late')

    expect(await closed).toEqual(GOING_AWAY)
    await until(() => sockets.clients.size === 1)
    abort()
    await over
    expect(notes).toEqual(['cut off: WebSocket GET /, 0 ms old, from 127.0.0.1'])
  })
})
