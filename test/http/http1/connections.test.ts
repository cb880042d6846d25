import { createHook } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { describe, expect, test } from 'vitest'
import { Clients } from '../../../src/http/clients.ts'
import { Drain } from '../../../src/http/drain.ts'
import type { Watcher } from '../../../src/http/http1/connections.ts'
import { contextOf } from '../../support/hooks/context.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import {
  account,
  connect,
  Gate,
  listen,
  PollingClock,
  serve,
  until,
} from '../../support/service.ts'

const later: RequestListener = (_, response) => void setImmediate(() => response.end('ok'))

function connectionsOf(server: Server) {
  const clock = new PollingClock()
  const clients = new Clients(server, clock, () => false)
  return { clock, clients, connections: clients.connections }
}

describe('the connections of a server', () => {
  test('are known with what is in flight on each', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const server = createServer(async (_, response) => {
      begun.open()
      await gate.opened
      response.end('ok')
    })
    const { clock, connections } = connectionsOf(server)
    const client = await connect(await listen(server))
    await until(() => connections.open.size === 1)
    const [connection] = connections.open
    expect(connection).toMatchObject({ inFlight: 0, used: false, activeAt: 0, newest: undefined })

    await clock.advance(10)
    client.ask('/slow')
    await begun.opened
    expect(connection).toMatchObject({ inFlight: 1, used: true, activeAt: 10 })
    expect(connection?.newest?.req.url).toBe('/slow')

    await clock.advance(10)
    gate.open()
    await client.answer()
    await until(() => connection?.inFlight === 0)
    expect(connection).toMatchObject({ activeAt: 20, newest: undefined })
  })

  test('are known with what is in flight after other code has taken the place of all listeners', async () => {
    const begun = new Gate()
    const server = createServer(() => begun.open())
    const { connections } = connectionsOf(server)
    // As Socket.IO does when it is attached: it keeps long polls to itself.
    const before = server.listeners('request')
    server.removeAllListeners('request')
    server.on('request', (request, response) => {
      if (request.url === '/poll') begun.open()
      else for (const listener of before) listener.call(server, request, response)
    })
    const client = await connect(await listen(server))
    client.ask('/poll')
    await begun.opened

    const [connection] = connections.open
    expect(connection?.newest?.req.url).toBe('/poll')
    expect(connection?.inFlight).toBe(1)
  })

  test('are known that have sent a part of a request', async () => {
    const server = createServer(later)
    const { connections } = connectionsOf(server)
    const client = await connect(await listen(server))
    await until(() => connections.open.size === 1)
    const [connection] = connections.open
    expect(connection?.isHalfSent).toBe(false)
    client.send('GET /half HTTP/1.1\r\n')
    await until(() => connection?.isHalfSent === true)
    client.send('Host: localhost\r\n\r\n')
    await client.answer()
    await until(() => connection?.inFlight === 0)
    connection?.settle()
    expect(connection?.isHalfSent).toBe(false)
  })

  test('are closed once where a client goes away before its answer', async () => {
    const begun = new Gate()
    const responses: ServerResponse[] = []
    const server = createServer((_, response) => {
      responses.push(response)
      begun.open()
    })
    const { connections } = connectionsOf(server)
    const client = await connect(await listen(server))
    client.ask('/')
    await begun.opened
    const heard: string[] = []
    connections.watcher = watcher({
      silent: () => heard.push('silent'),
      closed: () => heard.push('closed'),
    })
    client.socket.destroy()
    await until(() => responses[0]?.closed === true && connections.open.size === 0)

    expect(heard).toEqual(['closed'])
  })

  test('call their watcher for what happens, in order', async () => {
    const server = createServer(later)
    const { connections } = connectionsOf(server)
    const heard: string[] = []
    connections.watcher = watcher({
      opened: () => heard.push('opened'),
      requested: (_, { req }) => heard.push(`requested ${req.url}`),
      silent: () => heard.push('silent'),
      closed: () => heard.push('closed'),
    })
    const client = await connect(await listen(server))
    await client.get('/1')
    await client.get('/2')
    client.socket.end()
    await until(() => connections.open.size === 0)

    expect(heard).toEqual(['opened', 'requested /1', 'silent', 'requested /2', 'silent', 'closed'])
  })

  test('are distinguished: only the first request of each is an arrival', async () => {
    const server = createServer(later)
    const { clock, clients } = connectionsOf(server)
    const port = await listen(server)
    const client = await connect(port)
    expect(clients.state.lastArrivalAt).toBe(Number.NEGATIVE_INFINITY)
    await clock.advance(10)
    await client.get('/')
    expect(clients.state.lastArrivalAt).toBe(10)
    await clock.advance(10)
    await client.get('/')
    expect(clients.state.lastArrivalAt).toBe(10)
    await (await connect(port)).get('/')
    expect(clients.state.lastArrivalAt).toBe(20)
  })

  test('leave no socket behind, above TLS or below it', async () => {
    const server = createSecureServer(selfSigned(), later)
    const { connections } = connectionsOf(server)
    const port = await listen(server)
    const client = await connect(port, { secure: true })
    await client.get('/')
    expect(connections.open.size).toBe(1)
    expect(connections.sockets()).not.toEqual([])
    client.socket.end()
    await until(() => connections.open.size === 0)

    await until(() => connections.sockets().length === 0)
  })
})

describe.each([
  ['http', false],
  ['https', true],
])('after a drain over %s', (_, secure) => {
  test('nothing watches the connections any more, and no timer is left', async () => {
    const server = secure ? createSecureServer(selfSigned(), later) : createServer(later)
    const { clock, clients, connections } = connectionsOf(server)
    const port = await listen(server)
    const [busy, idle] = [await connect(port, { secure }), await connect(port, { secure })]
    await idle.get('/')
    busy.ask('/')
    const { context, notes } = contextOf({ clock })
    const drained = new Drain(
      { server, clients, clock, linger: 250, stragglers: 2000 },
      context,
    ).join()
    await busy.answer()
    await until(() => connections.watcher !== undefined)
    await clock.advance(250)
    await drained

    expect(notes).toEqual([account(2, 1, 1)])
    expect(connections.watcher).toBeUndefined()
    expect(connections.sockets()).toEqual([])
    expect(clock.pending).toBe(0)
    expect(server.emit).toBe(EventEmitter.prototype.emit)
  })

  test('nothing watches the connections any more that its limit has ended', async () => {
    const server = secure ? createSecureServer(selfSigned(), () => {}) : createServer(() => {})
    const { clock, clients, connections } = connectionsOf(server)
    const client = await connect(await listen(server), { secure })
    client.ask('/')
    const { abort, context } = contextOf({ clock })
    void new Drain({ server, clients, clock, linger: 250, stragglers: 2000 }, context).join()
    await until(() => connections.watcher !== undefined)
    abort()
    await client.ended()
    await until(() => connections.sockets().length === 0)

    expect(connections.watcher).toBeUndefined()
    expect(clock.pending).toBe(0)
  })

  test("Node's own timer that checks the connections of the server is gone", async () => {
    const timers = new Set<number>()
    let listening = false
    const hook = createHook({
      init: (id, type) => void (listening && type === 'Timeout' && timers.add(id)),
      destroy: (id) => void timers.delete(id),
    }).enable()
    const server = secure ? createSecureServer(selfSigned(), later) : createServer(later)
    const { clock, clients } = connectionsOf(server)
    listening = true
    await listen(server)
    listening = false
    expect(timers.size).toBe(1)
    await new Drain(
      { server, clients, clock, linger: 250, stragglers: 2000 },
      contextOf({ clock }).context,
    ).join()
    await until(() => timers.size === 0)
    hook.disable()
  })
})

describe('the listeners of a server', () => {
  test.each(['upgrade', 'connect', 'checkContinue', 'checkExpectation'])(
    'are joined for %s only while there are others',
    async (event) => {
      const { server } = await serve(later)
      const [first, second] = [() => {}, () => {}]
      expect(server.listenerCount(event)).toBe(0)
      server.on(event, first)
      server.on(event, second)
      await until(() => server.listenerCount(event) > 2)
      // Ahead of the others, so that a connection is known for what it has become.
      expect(server.listeners(event).slice(1)).toEqual([first, second])
      server.off(event, first)
      expect(server.listenerCount(event)).toBe(2)
      server.off(event, second)
      expect(server.listenerCount(event)).toBe(0)
    },
  )

  test('are joined for those that had been there before', async () => {
    const server = createServer(later)
    server.on('upgrade', () => {})
    const { connections } = connectionsOf(server)
    const client = await connect(await listen(server))
    const upgraded = once(server, 'upgrade')
    client.ask('/', { headers: { Connection: 'Upgrade', Upgrade: 'echo' } })
    await upgraded

    expect([...connections.open].map(({ upgraded }) => upgraded)).toEqual([true])
  })
})

function watcher(parts: Partial<Watcher>): Watcher {
  const nothing = () => {}
  return { opened: nothing, requested: nothing, silent: nothing, closed: nothing, ...parts }
}
