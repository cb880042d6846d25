import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { bytesInWrite } from '../../../src/http/node/bytes-in-write.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import type { RawClient } from '../../support/clients/raw-client.ts'
import {
  askForWebSocket,
  closedNote,
  GOING_AWAY,
  serveWebSockets,
} from '../../support/clients/web-sockets.ts'
import { connectionsOf, runHook } from '../../support/hooks/run-hook.ts'
import { hookOf, PollingClock, until } from '../../support/service.ts'

/** The close frame that an attentive client sends back (RFC 6455, 5.5.1), masked with zeros. */
const ANSWER = '\x88\x82\0\0\0\0\x03\xe9'

/** Bytes: more than the kernel takes. */
const SIZE = 32 * 1024 * 1024

const ENDED = '1 WebSocket whose client did not answer the close within 2 s was ended'

type Service = Awaited<ReturnType<typeof serveWebSockets>>

/** A client that answers nothing. */
async function openSilent({ connect }: Service, path = '/chat'): Promise<RawClient> {
  const client = await connect()
  await askForWebSocket(client, path)
  return client
}

describe('a client that does not answer the close', () => {
  test('is ended after 2 s, and named; the hook is done', async () => {
    const clock = new PollingClock()
    const service = await serveWebSockets({ clock })
    const silent = await openSilent(service)
    const { closed } = await service.open()
    const { notes, over } = runHook(service.hook, { clock })
    expect(await closed).toEqual(GOING_AWAY)
    await until(() => service.sockets.clients.size === 1)
    await clock.advance(1999)
    expect(silent.ending).toBeUndefined()
    await clock.advance(1)
    await Promise.all([over, silent.closed()])

    expect(notes).toEqual([
      closedNote(2, 1),
      ENDED,
      'ended: WebSocket GET /chat, 2 s old, from 127.0.0.1',
    ])
    expect(await connectionsOf(service.server)).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('leaves the outcome clean, and the next phase its time', async () => {
    const service = await serveWebSockets({ clock: systemClock, stragglers: '50ms' })
    await openSilent(service)
    const { shutdown } = service
    const report = await shutdown.now()

    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(hookOf(report, 'websockets')).toMatchObject({ status: 'done' })
    expect(hookOf(report, 'http')).toMatchObject({ status: 'done' })
  })

  test('has its time from its own close on, in whichever batch that is', async () => {
    const clock = new PollingClock()
    const service = await serveWebSockets({ clock, batchSize: 1 })
    for (const path of ['/first', '/second', '/third']) await openSilent(service, path)
    const { notes, over } = runHook(service.hook, { clock })
    await clock.advance(2000)
    await until(() => service.sockets.clients.size === 2)
    await clock.advance(99)
    expect(service.sockets.clients.size).toBe(2)
    await clock.advance(101)
    await over

    expect(notes.slice(1)).toEqual([
      '3 WebSockets whose clients did not answer the close within 2 s were ended',
      'ended: WebSocket GET /first, 2 s old, from 127.0.0.1',
      'ended: WebSocket GET /second, 2.1 s old, from 127.0.0.1',
      'ended: WebSocket GET /third, 2.2 s old, from 127.0.0.1',
    ])
  })

  test('is one of 1000, in batches: ten are named, and nothing is left open', async () => {
    const clock = new PollingClock()
    const service = await serveWebSockets({ clock, batchSize: 300 })
    const clients = await Promise.all(Array.from({ length: 1000 }, () => openSilent(service)))
    const { notes, over } = runHook(service.hook, { clock })
    await clock.advance(300 + 2000)
    await Promise.all([over, ...clients.map((client) => client.closed())])

    expect(notes).toHaveLength(13)
    expect(notes.slice(0, 2)).toEqual([
      closedNote(1000, 0),
      '1000 WebSockets whose clients did not answer the close within 2 s were ended',
    ])
    expect(notes.at(-1)).toBe('ended: 990 WebSockets more')
    expect(await connectionsOf(service.server)).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('and closes its half of the connection instead is not waited for', async () => {
    const clock = new PollingClock()
    const service = await serveWebSockets({ clock })
    const client = await service.connect({ halfOpen: true })
    await askForWebSocket(client)
    const { notes, over } = runHook(service.hook, { clock })
    await client.has(GOING_AWAY.reason)
    client.socket.end()
    await over

    expect(notes).toEqual([closedNote(1, 0)])
  })

  test('and has closed its half of the connection before is not waited for', async () => {
    const clock = new PollingClock()
    const service = await serveWebSockets({ clock })
    const client = await service.connect({ halfOpen: true })
    await askForWebSocket(client)
    client.socket.end()
    await until(() => service.sockets.clients.size === 0)
    const { notes, over } = runHook(service.hook, { clock })
    await over

    expect(notes).toEqual([])
  })

  test('and resets the connection instead is not waited for', async () => {
    const clock = new PollingClock()
    const service = await serveWebSockets({ clock })
    const client = await openSilent(service)
    const { notes, over } = runHook(service.hook, { clock })
    await client.has(GOING_AWAY.reason)
    client.socket.resetAndDestroy()
    await over

    expect(notes).toEqual([closedNote(1, 0)])
    expect(clock.pending).toBe(0)
  })
})

test('a client that answers the close, but keeps its connection open, is ended likewise', async () => {
  const clock = new PollingClock()
  const service = await serveWebSockets({ clock })
  const client = await service.connect({ halfOpen: true })
  await askForWebSocket(client, '/half')
  const { notes, over } = runHook(service.hook, { clock })
  await client.has(GOING_AWAY.reason)
  client.send(ANSWER)
  expect(await client.ended()).toBe('FIN')
  await clock.advance(2000)
  await over

  expect(notes).toEqual([
    closedNote(1, 0),
    ENDED,
    'ended: WebSocket GET /half, 2 s old, from 127.0.0.1',
  ])
  await until(() => service.sockets.clients.size === 0)
})

describe('with `stragglers: 0`', () => {
  test('no answer is waited for, and each client still gets its close', async () => {
    const service = await serveWebSockets({ stragglers: 0 })
    const clients = [await openSilent(service), await openSilent(service)]
    const report = await service.shutdown.now()

    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    for (const client of clients) {
      await client.closed()
      expect(client.received).toContain(GOING_AWAY.reason)
    }
    expect(hookOf(report, 'websockets')?.notes.slice(0, 2)).toEqual([
      closedNote(2, 0),
      '2 WebSockets whose clients did not answer the close within 0 ms were ended',
    ])
  })
})

describe('a client that has not read what was sent before the close', () => {
  /** A client that reads nothing, and more sent to it than the kernel takes: the close stands behind it. */
  async function openFull() {
    const clock = new PollingClock()
    const connections: Socket[] = []
    const service = await serveWebSockets({ clock })
    service.server.once('connection', (socket) => connections.push(socket))
    const client = await openSilent(service, '/feed')
    client.socket.pause()
    const [feed] = service.sockets.clients
    if (!feed) throw new Error('No WebSocket')
    feed.send(Buffer.alloc(SIZE))
    /** The client reads a part of it. */
    const readSome = async () => {
      const [connection] = connections as [Socket]
      const before = bytesInWrite(connection)
      client.socket.resume()
      await until(() => bytesInWrite(connection) < before)
      client.socket.pause()
      expect(bytesInWrite(connection)).toBeGreaterThan(0)
    }
    return { ...service, clock, client, readSome }
  }

  test('is ended after 2 s where it reads nothing: the report says so', async () => {
    const { client, clock, hook, open } = await openFull()
    const { closed } = await open('/chat')
    const { notes, over } = runHook(hook, { clock })
    expect(await closed).toEqual(GOING_AWAY)
    await clock.advance(2000)
    await over

    expect(notes).toEqual([
      closedNote(2, 1),
      ENDED,
      'ended: WebSocket GET /feed, data unsent, 2 s old, from 127.0.0.1',
    ])
    client.socket.destroy()
  })

  test('is waited for as long as it reads on', async () => {
    const { client, clock, hook, readSome, sockets } = await openFull()
    const { notes, over } = runHook(hook, { clock })
    for (let n = 0; n < 3; n++) {
      await readSome()
      await clock.advance(2000)
      expect(sockets.clients.size).toBe(1)
    }
    client.socket.resume()
    await until(() => client.received.length > SIZE)
    await client.has(GOING_AWAY.reason)
    client.send(ANSWER)
    await over

    expect(notes).toEqual([closedNote(1, 1)])
  })

  test('is ended just before the limit also where it reads on', async () => {
    const { client, clock, hook, readSome } = await openFull()
    const { notes, over } = runHook(hook, { clock, limit: 3000 })
    await readSome()
    await clock.advance(2000)
    await readSome()
    await clock.advance(900)
    await over

    expect(notes).toEqual([
      closedNote(1, 0),
      '1 WebSocket whose client had not answered the close was ended just before the limit',
      'ended: WebSocket GET /feed, data unsent, 2.9 s old, from 127.0.0.1',
    ])
    client.socket.destroy()
  })
})

describe('where the limit comes before the bound', () => {
  test('clients that have not answered are ended just before it: nothing is cut off', async () => {
    const service = await serveWebSockets({
      clock: systemClock,
      timeout: '300ms',
      http: { timeout: '300ms' },
    })
    await openSilent(service)
    const report = await service.shutdown.now()

    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(hookOf(report, 'http')).toMatchObject({ status: 'done' })
    expect(hookOf(report, 'websockets')).toMatchObject({
      status: 'done',
      notes: [
        closedNote(1, 0),
        '1 WebSocket whose client had not answered the close was ended just before the limit',
        expect.stringMatching(/^ended: WebSocket GET \/chat, \d+ ms old, from 127\.0\.0\.1$/),
      ],
    })
  })

  test('one that was busy until then is closed and ended with them', async () => {
    const clock = new PollingClock()
    let isBusy = true
    const service = await serveWebSockets({ clock, busy: () => isBusy })
    const silent = await openSilent(service)
    const { notes, over } = runHook(service.hook, { clock, limit: 9000 })
    await clock.advance(8899)
    isBusy = false
    await clock.advance(1)
    await Promise.all([over, silent.closed()])

    expect(silent.received).toContain(GOING_AWAY.reason)
    expect(notes).toEqual([
      closedNote(1, 0),
      '1 WebSocket whose client had not answered the close was ended just before the limit',
      'ended: WebSocket GET /chat, 8.9 s old, from 127.0.0.1',
    ])
  })

  test('one that stops being busy between then and the limit keeps nothing from being done', async () => {
    const clock = new PollingClock()
    let isBusy = true
    const service = await serveWebSockets({ clock, busy: () => isBusy })
    const clients = [await openSilent(service), await openSilent(service)]
    const { notes, over } = runHook(service.hook, { clock, limit: 9000 })
    await clock.advance(8920)
    isBusy = false
    await clock.advance(50)
    await Promise.all([over, ...clients.map((client) => client.closed())])

    expect(notes[1]).toBe(
      '2 WebSockets whose clients had not answered the close were ended just before the limit',
    )
  })
})

describe('a WebSocket that the application has paused', () => {
  test('is no straggler: the answer of its client is not read', async () => {
    const clock = new PollingClock()
    const { hook, open, sockets } = await serveWebSockets({ clock })
    const { closed, socket } = await open()
    const heard: string[] = []
    const [paused] = sockets.clients
    paused?.on('message', (data) => heard.push(`${data}`))
    paused?.pause()
    socket.send('an order')
    const { notes, over } = runHook(hook, { clock })
    await until(() => socket.readyState !== socket.OPEN)
    await clock.advance(8000)
    expect(sockets.clients.size).toBe(1)
    paused?.resume()
    await over
    expect(await closed).toEqual(GOING_AWAY)

    expect(heard).toEqual(['an order'])
    expect(notes).toEqual([closedNote(1, 1)])
  })

  test('is cut off at the limit, and named as paused', async () => {
    const clock = new PollingClock()
    const { hook, open, sockets } = await serveWebSockets({ clock })
    await open('/upload')
    for (const socket of sockets.clients) socket.pause()
    const { abort, notes, over } = runHook(hook, { clock, limit: 9000 })
    await clock.advance(9000)
    abort()
    await over

    expect(notes).toEqual(['cut off: WebSocket GET /upload, paused, 9 s old, from 127.0.0.1'])
  })
})
