import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { createShutdown } from 'lastcall'
import { describe, expect, test } from 'vitest'
import { httpServerHooks } from '../../src/http/http-server.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { selfSigned } from '../support/servers/certificate.ts'
import {
  account,
  connect,
  Gate,
  hookOf,
  listen,
  PollingClock,
  serve,
  stoppedListening,
  until,
} from '../support/service.ts'

const UPGRADE = { headers: { Connection: 'Upgrade', Upgrade: 'echo' } }

/** Speaks no HTTP from here on: what comes goes back. */
function accept(_: IncomingMessage, socket: Duplex): void {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  // Not by a pipe, which would start a socket that is paused.
  socket.on('data', (data) => socket.write(data)).on('end', () => socket.end())
}

/** The drain looks every 15 ms whether something is sent. */
const SHORT = { timeout: '400ms', linger: '20ms', stragglers: '120ms' } as const

describe.each([
  ['http', false],
  ['https', true],
])('upgraded connections over %s', (_, secure) => {
  test('are cut off at the limit while something is sent over them', async () => {
    const { connect, server, shutdown } = await serve((_, response) => response.end(), {
      secure,
      ...SHORT,
    })
    server.on('upgrade', accept)
    const client = await connect()
    expect(await client.get('/chat', UPGRADE)).toMatchObject({ status: 101 })
    const run = shutdown.now()
    const speaking = setInterval(() => client.send('still there'), 5)
    const report = await run
    clearInterval(speaking)

    expect(report).toMatchObject({ exitCode: 124 })
    expect(hookOf(report)).toMatchObject({
      status: 'cut off',
      notes: ['cut off: 1 upgraded connection'],
    })
    await client.closed()
  })

  test('are ended when they are silent and nothing else is in flight', async () => {
    const { connect, server, shutdown } = await serve((_, response) => response.end(), {
      secure,
      linger: '10ms',
      stragglers: '60ms',
    })
    server.on('upgrade', accept)
    const client = await connect()
    expect(await client.get('/chat', UPGRADE)).toMatchObject({ status: 101 })
    const report = await shutdown.now()

    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(hookOf(report)?.notes).toEqual([
      'ended, 60 ms after the last work: 1 upgraded connection',
    ])
    await client.closed()
  })

  test('are ended where they were opened before the server was handed in', async () => {
    const server = secure ? createSecureServer(selfSigned()) : createServer()
    server.on('upgrade', accept)
    const client = await connect(await listen(server), { secure })
    expect(await client.get('/chat', UPGRADE)).toMatchObject({ status: 101 })
    const shutdown = createShutdown({ exit: false, grace: '10s', log: false })
    shutdown.add(httpServerHooks(server, { linger: '10ms', stragglers: '60ms' }, systemClock))
    const report = await shutdown.now()

    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(hookOf(report)?.notes).toEqual([
      'ended, 60 ms after the last work: 1 upgraded connection',
    ])
    await client.closed()
  })

  test('are refused with 503, and not reset, where the upgrade comes during the drain', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve((_, response) => response.end(), {
      secure,
      clock,
    })
    server.on('upgrade', accept)
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    expect(await client.get('/chat', UPGRADE)).toMatchObject({
      status: 503,
      headers: { connection: ['close'], 'retry-after': ['1'] },
      body: 'The server is shutting down.\n',
    })
    await client.ended()
    client.socket.end()

    expect(hookOf(await run)).toMatchObject({
      status: 'done',
      notes: [account(1, 0, 0), '1 late request refused with 503'],
    })
  })

  test('are answered where their connection was accepted while the server stopped listening', async () => {
    const { connect, server, shutdown } = await serve((_, response) => response.end(), { secure })
    server.on('upgrade', accept)
    const connecting = connect()
    const run = shutdown.now()
    const client = await connecting
    await stoppedListening({ server })
    // By the application while the last connections are read, by the drain after that.
    const { status } = await client.get('/chat', UPGRADE)
    expect([101, 503]).toContain(status)
    client.socket.end()

    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })

  test('let the drain end when the application closes them', async () => {
    const { connect, server, shutdown } = await serve((_, response) => response.end(), { secure })
    server.on('upgrade', accept)
    server.on('upgrade', (_, socket: Duplex) => {
      shutdown.signal.addEventListener('abort', () => socket.end('bye'))
    })
    const client = await connect()
    await client.get('/chat', UPGRADE)
    const run = shutdown.now()

    await client.has('bye')
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })
})

describe('tunnels', () => {
  test('are cut off at the limit while something is sent through them', async () => {
    const { connect, server, shutdown } = await serve((_, response) => response.end(), SHORT)
    server.on('connect', (_, socket: Duplex) => {
      socket.write('HTTP/1.1 200 Connected\r\nContent-Length: 0\r\n\r\n')
      socket.pipe(socket)
    })
    const client = await connect()
    await client.get('db:5432', { method: 'CONNECT' })
    const run = shutdown.now()
    const speaking = setInterval(() => client.send('still there'), 5)
    const report = await run
    clearInterval(speaking)

    expect(hookOf(report)?.notes).toEqual(['cut off: 1 upgraded connection'])
    await client.closed()
  })
})

describe('a server without listeners for upgrades', () => {
  test('answers a request that asks for one like any other, as without a shutdown', async () => {
    const { connect, server } = await serve((_, response) => response.end('plain'))
    const client = await connect()

    expect(await client.get('/chat', UPGRADE)).toMatchObject({ status: 200, body: 'plain' })
    for (const event of ['upgrade', 'connect', 'checkContinue', 'checkExpectation']) {
      expect(server.listenerCount(event)).toBe(0)
    }
  })

  test('becomes one again once the application has removed its listener', async () => {
    const { server, connect } = await serve((_, response) => response.end('plain'))
    server.on('upgrade', accept)
    await until(() => server.listenerCount('upgrade') === 2)
    server.off('upgrade', accept)

    expect(server.listenerCount('upgrade')).toBe(0)
    const client = await connect()
    expect(await client.get('/chat', UPGRADE)).toMatchObject({ body: 'plain' })
  })

  test('becomes one again after a listener for one upgrade', async () => {
    const { server, connect } = await serve((_, response) => response.end('plain'))
    server.once('upgrade', accept)
    await until(() => server.listenerCount('upgrade') === 2)
    const client = await connect()

    expect(await client.get('/chat', UPGRADE)).toMatchObject({ status: 101 })
    expect(server.listenerCount('upgrade')).toBe(0)
  })
})

describe('requests that ask before they send their body', () => {
  const EXPECT = {
    method: 'POST',
    headers: { Expect: '100-continue', 'Content-Length': '4' },
  } as const

  test('are waited for where Node answers 100 Continue', async () => {
    const { connect, server, shutdown } = await serve((request, response) => {
      request.on('end', () => response.end('ok')).resume()
    })
    const client = await connect()
    expect(await client.get('/', EXPECT)).toMatchObject({ status: 100 })
    const run = shutdown.now()
    await stoppedListening({ server })
    client.send('body')

    expect(await client.answer()).toMatchObject({ status: 200, saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('are waited for where the application answers 100 Continue', async () => {
    const { connect, server, shutdown } = await serve((_, response) => response.end())
    server.on('checkContinue', (request, response) => {
      response.writeContinue()
      request.on('end', () => response.end('checked')).resume()
    })
    await until(() => server.listenerCount('checkContinue') === 2)
    const client = await connect()
    expect(await client.get('/', EXPECT)).toMatchObject({ status: 100 })
    const run = shutdown.now()
    await stoppedListening({ server })
    client.send('body')

    expect(await client.answer()).toMatchObject({ body: 'checked', saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('are waited for where the application passes on those with other expectations', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { connect, server, shutdown } = await serve((_, response) => response.end())
    server.on('checkExpectation', async (_, response) => {
      begun.open()
      await gate.opened
      response.writeHead(417).end()
    })
    await until(() => server.listenerCount('checkExpectation') === 2)
    const client = await connect()
    client.ask('/', { headers: { Expect: 'a miracle' } })
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })
    gate.open()

    expect(await client.answer()).toMatchObject({ status: 417, saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('count once where the application passes them to its usual handler', async () => {
    const { connect, server, shutdown } = await serve((request, response) => {
      request.on('end', () => setImmediate(() => response.end('ok'))).resume()
    })
    server.on('checkContinue', (request, response) => {
      response.writeContinue()
      server.emit('request', request, response)
    })
    await until(() => server.listenerCount('checkContinue') === 2)
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    await client.get('/', EXPECT)
    client.send('body')

    expect(await client.answer()).toMatchObject({ body: 'ok', saysClose: true })
    expect(hookOf(await run)?.notes).toEqual([account(1, 1, 0)])
  })

  test('stand once in the report where the limit cuts them off', async () => {
    const { connect, server, shutdown } = await serve(() => {}, { timeout: '200ms' })
    server.on('checkContinue', (request, response) => {
      response.writeContinue()
      server.emit('request', request, response)
    })
    await until(() => server.listenerCount('checkContinue') === 2)
    const client = await connect()
    await client.get('/upload', EXPECT)

    const notes = hookOf(await shutdown.now())?.notes
    expect(notes).toEqual([
      expect.stringMatching(/^cut off: POST \/upload, \d+ ms old, from 127\.0\.0\.1$/),
    ])
  })
})
