import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { httpServerHooks } from '../../src/http/http-server.ts'
import { requestOf } from '../support/clients/raw-client.ts'
import { connectionsOf, runHook, wholeHook } from '../support/hooks/run-hook.ts'
import { http2Server, listenHttp2 } from '../support/http2-service.ts'
import { selfSigned } from '../support/servers/certificate.ts'
import {
  account,
  connect,
  Gate,
  listen,
  PollingClock,
  stoppedListening,
  until,
} from '../support/service.ts'

const certificate = selfSigned()

/** A server that has connections before anybody hands it in. */
async function startedEarly(handler: RequestListener, { secure = false, clients: count = 1 } = {}) {
  const clock = new PollingClock()
  const server = secure ? createSecureServer(certificate, handler) : createServer(handler)
  const opened: Socket[] = []
  server.on(secure ? 'secureConnection' : 'connection', (socket) => opened.push(socket))
  const port = await listen(server)
  const clients = await Promise.all(Array.from({ length: count }, () => connect(port, { secure })))
  await until(() => opened.length === count)
  const [client] = clients
  if (!client) throw new Error('No client')
  const handIn = () => {
    const hook = wholeHook(server, {}, clock)
    if (!hook) throw new Error('No hook')
    return hook
  }
  return { client, clients, clock, handIn, opened, port, server }
}

const ok: RequestListener = (request, response) => void response.end(request.url)

/** Whether it has resolved by the next turns of the loop. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  let over = false
  void promise.then(() => {
    over = true
  })
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  return over
}

describe.each([
  ['http', false],
  ['https', true],
])('connections over %s that were opened before the server was handed in', (_, secure) => {
  test('are closed after the linger where they have sent nothing since, and not before', async () => {
    const { clients, clock, handIn, server } = await startedEarly(ok, { secure, clients: 3 })
    // One that had a request before, and two that never had any.
    await clients[0]?.get('/before')
    const { notes, over } = runHook(handIn(), { clock })
    await stoppedListening({ server })
    await clock.advance(249)
    expect(await isOver(over)).toBe(false)
    expect(clients.map(({ ending }) => ending)).toEqual([undefined, undefined, undefined])
    await clock.advance(1)
    await over

    for (const client of clients) await client.ended()
    expect(await connectionsOf(server)).toBe(0)
    expect(notes).toEqual([account(3, 0, 3)])
  })

  test('are closed after their last response where they have sent a request since', async () => {
    const { client, clock, handIn, server } = await startedEarly(ok, { secure })
    await client.get('/before')
    const hook = handIn()
    expect(await client.get('/since')).toMatchObject({ saysClose: false })
    const { notes, over } = runHook(hook, { clock })
    await stoppedListening({ server })

    expect(await client.get('/during')).toMatchObject({ body: '/during', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await over
    expect(notes).toEqual([account(1, 1, 0)])
  })

  test('are closed as idle where their request since was answered', async () => {
    const { client, clock, handIn, server } = await startedEarly(ok, { secure })
    const hook = handIn()
    await client.get('/since')
    const { notes, over } = runHook(hook, { clock })
    await stoppedListening({ server })
    await clock.advance(250)

    expect(await client.ended()).toBe('FIN')
    await over
    expect(notes).toEqual([account(1, 0, 1)])
  })

  test('are served where they send their first request in the drain, and the response says close', async () => {
    const { client, clock, handIn, server } = await startedEarly(ok, { secure })
    const { notes, over } = runHook(handIn(), { clock })
    await stoppedListening({ server })
    await clock.advance(200)

    expect(await client.get('/first')).toMatchObject({ body: '/first', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await clock.advance(50)
    await over
    expect(notes).toEqual([account(1, 1, 0)])
  })

  test('have a request answered that began before, however long it takes', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { client, clock, handIn, server } = await startedEarly(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { secure },
    )
    client.ask('/slow')
    await begun.opened
    const { over } = runHook(handIn(), { clock })
    await stoppedListening({ server })
    await clock.advance(3000)
    expect(client.ending).toBeUndefined()
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'ok' })
    await clock.advance(1000)
    await over
  })

  test('have a request answered that began before, though another of them is silent', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { clients, clock, handIn, server } = await startedEarly(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { secure, clients: 2 },
    )
    clients[0]?.ask('/slow')
    await begun.opened
    const { over } = runHook(handIn(), { clock })
    await stoppedListening({ server })
    await clock.advance(250)
    gate.open()

    expect(await clients[0]?.answer()).toMatchObject({ body: 'ok' })
    await clock.advance(1000)
    await over
    await clients[1]?.ended()
  })

  test('do not have those closed that are known', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { clients, clock, handIn, server } = await startedEarly(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { secure, clients: 2 },
    )
    const hook = handIn()
    clients[0]?.ask('/slow')
    await begun.opened
    const { over } = runHook(hook, { clock })
    await stoppedListening({ server })
    await clock.advance(3000)
    expect(clients[0]?.ending).toBeUndefined()
    gate.open()

    expect(await clients[0]?.answer()).toMatchObject({ body: 'ok', saysClose: true })
    await over
    await clients[1]?.ended()
  })
})

test('those of HTTP/1 of a server that speaks HTTP/2 as well are closed after the linger', async () => {
  const clock = new PollingClock()
  const server = http2Server((_, response) => response.end('ok'), true, { allowHTTP1: true })
  const client = await connect(await listenHttp2(server), { secure: true })
  await client.get('/before')
  const hook = wholeHook(server, {}, clock)
  if (!hook) throw new Error('No hook')
  const { notes, over } = runHook(hook, { clock })
  await stoppedListening({ server })
  await clock.advance(249)
  expect(client.ending).toBeUndefined()
  await clock.advance(1)
  await over

  expect(await client.ended()).toBe('FIN')
  expect(notes).toEqual([account(1, 0, 1)])
})

describe('a drain without earlier connections', () => {
  test('does not wait for the linger', async () => {
    const { client, clock, handIn, opened } = await startedEarly(ok)
    const [socket] = opened
    client.socket.destroy()
    await until(() => socket?.destroyed === true)
    const { over } = runHook(handIn(), { clock })
    await over

    expect(clock.now()).toBe(0)
    expect(clock.pending).toBe(0)
  })
})

describe("the application's own close() of the server", () => {
  /** A server with a client that is idle between two requests. */
  async function idle() {
    const clock = new PollingClock()
    const server = createServer(ok)
    const hook = wholeHook(server, {}, clock)
    if (!hook) throw new Error('No hook')
    const client = await connect(await listen(server))
    await client.get('/before')
    return { client, clock, hook, server }
  }

  test.each([
    ['close()', (server: Server) => void server.close()],
    ['closeIdleConnections()', (server: Server) => server.closeIdleConnections()],
  ])('%s in the drain cuts no idle connection', async (_, close) => {
    const { client, clock, hook, server } = await idle()
    const { notes, over } = runHook(hook, { clock })
    await stoppedListening({ server })
    close(server)
    // Whatever it does to its connections it has done by then.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(client.ending).toBeUndefined()

    expect(await client.get('/during')).toMatchObject({ body: '/during', saysClose: true })
    expect(await client.ended()).toBe('FIN')
    await over
    expect(notes).toEqual([account(1, 1, 0)])
  })

  test('right after the shutdown began cuts no idle connection', async () => {
    const { client, clock, hook, server } = await idle()
    const { over } = runHook(hook, { clock })
    // As a listener of the application's own for the same signal does.
    server.close()
    client.ask('/during')

    expect(await client.answer()).toMatchObject({ body: '/during', saysClose: true })
    await over
  })

  test('in the lame duck cuts no idle connection, though no new connection is accepted any more', async () => {
    const clock = new PollingClock()
    const server = createServer(ok)
    const hook = wholeHook(server, { lameDuck: '2s' }, clock)
    if (!hook) throw new Error('No hook')
    const client = await connect(await listen(server))
    await client.get('/before')
    const { over } = runHook(hook, { clock })
    await clock.advance(1000)
    server.close()

    expect(await client.get('/during')).toMatchObject({ body: '/during' })
    await clock.advance(1000)
    await clock.advance(250)
    await over
  })

  test('emits close when the last connection is closed, as ever', async () => {
    const { client, clock, hook, server } = await idle()
    const { over } = runHook(hook, { clock })
    await stoppedListening({ server })
    const closed = once(server, 'close')
    client.send(requestOf('/during'))
    await client.answer()
    await Promise.all([closed, over])
  })

  test('works as before when the drain is over', async () => {
    const { client, clock, hook, server } = await idle()
    const own = server.closeIdleConnections
    const { over } = runHook(hook, { clock })
    await stoppedListening({ server })
    expect(server.closeIdleConnections).not.toBe(own)
    await client.get('/during')
    await over

    expect(server.closeIdleConnections).toBe(own)
    expect(Object.hasOwn(server, 'closeIdleConnections')).toBe(false)
  })

  test.each([
    ['listens', true],
    ['never listened', false],
  ])('works as before when two hooks have drained a server that %s', async (_, listens) => {
    const clock = new PollingClock()
    const server = createServer(ok)
    const hooks = ['http', 'again'].flatMap((name) => httpServerHooks(server, { name }, clock))
    if (listens) await listen(server)
    await Promise.all(hooks.map((hook) => runHook(hook, { clock }).over))

    expect(Object.hasOwn(server, 'closeIdleConnections')).toBe(false)
  })

  test('works as before when the drain was cut off', async () => {
    const { client, clock, hook, server } = await idle()
    const { abort, over } = runHook(hook, { clock })
    await stoppedListening({ server })
    abort()
    await client.ended()

    expect(Object.hasOwn(server, 'closeIdleConnections')).toBe(false)
    await over
  })

  test("is the application's own where it has one, and is given back", async () => {
    const { client, clock, hook, server } = await idle()
    let calls = 0
    const own = () => void calls++
    server.closeIdleConnections = own
    const { over } = runHook(hook, { clock })
    await stoppedListening({ server })
    server.closeIdleConnections()
    await client.get('/during')
    await over

    expect(calls).toBe(0)
    expect(server.closeIdleConnections).toBe(own)
  })
})
