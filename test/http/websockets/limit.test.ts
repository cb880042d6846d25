import { describe, expect, test } from 'vitest'
import {
  askForWebSocket,
  closedNote,
  GOING_AWAY,
  serveWebSockets,
} from '../../support/clients/web-sockets.ts'
import { contextOf } from '../../support/hooks/context.ts'
import { connectionsOf, runHook } from '../../support/hooks/run-hook.ts'
import { hookOf, PollingClock, stoppedListening, until } from '../../support/service.ts'

/** The close frame that an attentive client sends back (RFC 6455, 5.5.1), masked with zeros. */
const ANSWER = '\x88\x82\0\0\0\0\x03\xe9'

describe('a WebSocket that is open at the limit', () => {
  test('is terminated and named with its path and its age; the others are closed', async () => {
    const clock = new PollingClock()
    const { connect, hook, open, server, sockets } = await serveWebSockets({ clock })
    const silent = await connect()
    await askForWebSocket(silent, '/chat?token=secret')
    await clock.advance(30_000)
    const { closed } = await open('/news')
    const { abort, notes, over } = runHook(hook, { clock })
    expect(await closed).toEqual(GOING_AWAY)
    await until(() => sockets.clients.size === 1)
    abort()
    await over

    expect(notes).toEqual(['cut off: WebSocket GET /chat, 30 s old, from 127.0.0.1'])
    await silent.closed()
    expect(await connectionsOf(server)).toBe(0)
  })

  test('is named without what may be a secret', async () => {
    const clock = new PollingClock()
    const { connect, hook, sockets } = await serveWebSockets({ clock })
    const silent = await connect()
    await askForWebSocket(silent, 'http://user:secret@example.com/chat?secret#secret')
    const { abort, notes, over } = runHook(hook, { clock })
    await until(() => sockets.clients.size === 1)
    await silent.has(GOING_AWAY.reason)
    abort()
    await over

    expect(notes).toEqual([
      'cut off: WebSocket GET http://example.com/chat, 0 ms old, from 127.0.0.1',
    ])
  })

  test('of a large fleet: ten are named in the report, the rest are counted', async () => {
    const clock = new PollingClock()
    const { connect, hook } = await serveWebSockets({ clock })
    const clients = await Promise.all(Array.from({ length: 13 }, () => connect()))
    await Promise.all(clients.map((client) => askForWebSocket(client, '/chat')))
    const { abort, notes, over } = runHook(hook, { clock })
    await Promise.all(clients.map((client) => client.has(GOING_AWAY.reason)))
    abort()
    await over

    expect(notes).toHaveLength(11)
    expect(notes.slice(0, 10)).toEqual(
      Array(10).fill('cut off: WebSocket GET /chat, 0 ms old, from 127.0.0.1'),
    )
    expect(notes.at(-1)).toBe('cut off: 3 WebSockets more')
    await Promise.all(clients.map((client) => client.closed()))
  })

  test('is terminated and named where the limit comes in the lame duck', async () => {
    const clock = new PollingClock()
    const { connect, hook, shutdown } = await serveWebSockets({
      clock,
      http: { clock, lameDuck: '2s' },
    })
    const client = await connect()
    await askForWebSocket(client, '/chat')
    void shutdown.now()
    await until(() => clock.pending > 0)
    const { context, abort, notes } = contextOf({ clock })
    void hook.run(context)
    await until(() => clock.pending > 0)
    abort()
    // A shutdown takes notes while it aborts the hook, and not after.
    const noted = [...notes]
    await client.closed()

    expect(noted).toEqual(['cut off: WebSocket GET /chat, 0 ms old, from 127.0.0.1'])
    await clock.advance(2000)
  })

  test('is terminated where the limit has passed before the hook could close it', async () => {
    const clock = new PollingClock()
    const { connect, hook } = await serveWebSockets({ clock })
    const client = await connect()
    await askForWebSocket(client, '/chat')
    const { context, abort, notes } = contextOf({ clock })
    const over = hook.run(context)
    abort()
    await over
    await client.closed()

    expect(notes).toEqual(['cut off: WebSocket GET /chat, 0 ms old, from 127.0.0.1'])
  })
})

describe('a WebSocket whose client stops reading', () => {
  test('is terminated at the limit and named; the others are closed cleanly', async () => {
    const clock = new PollingClock()
    const { connect, hook, open, sockets } = await serveWebSockets({ clock })
    const full = await connect()
    await askForWebSocket(full, '/feed')
    full.socket.pause()
    const [feed] = sockets.clients
    const piece = Buffer.alloc(1024 * 1024)
    // More than the kernel takes: the close stands behind it.
    while ((feed?.bufferedAmount ?? 0) < 4 * piece.length) feed?.send(piece)
    const { closed } = await open('/chat')
    const { abort, notes, over } = runHook(hook, { clock })
    expect(await closed).toEqual(GOING_AWAY)
    await until(() => sockets.clients.size === 1)
    abort()
    await over

    expect(notes).toEqual(['cut off: WebSocket GET /feed, data unsent, 0 ms old, from 127.0.0.1'])
    await until(() => sockets.clients.size === 0)
    full.socket.destroy()
  })
})

describe('a WebSocket that is closing already', () => {
  test('because its connection is lost holds nothing up, and does not count as closed cleanly', async () => {
    const clock = new PollingClock()
    const { connect, hook, open } = await serveWebSockets({ clock })
    const [lost, { closed }] = [await connect(), await open()]
    await askForWebSocket(lost)
    const { notes, over } = runHook(hook, { clock })
    await lost.has(GOING_AWAY.reason)
    lost.socket.resetAndDestroy()
    await Promise.all([closed, over])

    expect(notes).toEqual([closedNote(2, 1)])
  })

  test('because its client closes it may finish', async () => {
    const clock = new PollingClock()
    const { hook, open, sockets } = await serveWebSockets({ clock })
    const [{ socket, closed }, other] = [await open(), await open()]
    const [first] = sockets.clients
    socket.close(4001, 'enough')
    await until(() => first?.readyState !== 1)
    const { notes, over } = runHook(hook, { clock })
    await Promise.all([closed, other.closed, over])

    expect((await closed).code).toBe(4001)
    expect(await other.closed).toEqual(GOING_AWAY)
    expect(notes).toHaveLength(1)
  })

  test('because the application closes it may finish, with the code of the application', async () => {
    const clock = new PollingClock()
    const { hook, open, sockets } = await serveWebSockets({ clock })
    const { closed } = await open()
    for (const socket of sockets.clients) socket.close(4002, 'moved')
    const { notes, over } = runHook(hook, { clock })
    await over

    expect(await closed).toEqual({ code: 4002, reason: 'moved' })
    expect(notes).toEqual([closedNote(1, 1)])
  })

  test('and answers the close, but keeps its connection open, is terminated at the limit', async () => {
    const clock = new PollingClock()
    const { connect, hook, sockets } = await serveWebSockets({ clock })
    const client = await connect({ halfOpen: true })
    await askForWebSocket(client, '/half')
    const { abort, notes, over } = runHook(hook, { clock })
    await client.has(GOING_AWAY.reason)
    client.send(ANSWER)
    expect(await client.ended()).toBe('FIN')
    abort()
    await over

    expect(notes).toEqual(['cut off: WebSocket GET /half, 0 ms old, from 127.0.0.1'])
    await until(() => sockets.clients.size === 0)
  })
})

describe('beside httpServer(), at the limit', () => {
  test('a WebSocket is named once, and every connection is closed', async () => {
    const { connect, server, shutdown } = await serveWebSockets({
      timeout: '200ms',
      http: { timeout: '300ms' },
    })
    const silent = await connect()
    await askForWebSocket(silent, '/chat?token=secret')
    const run = shutdown.now()
    await stoppedListening({ server })
    const report = await run

    expect(hookOf(report, 'websockets')).toMatchObject({
      status: 'cut off',
      notes: [
        expect.stringMatching(/^cut off: WebSocket GET \/chat, \d+ ms old, from 127\.0\.0\.1$/),
      ],
    })
    // With the WebSocket its connection is closed: the drain is over, and cuts nothing off.
    expect(hookOf(report)).toMatchObject({ status: 'done' })
    expect(JSON.stringify(report)).not.toContain('secret')
    await silent.closed()
  })
})
