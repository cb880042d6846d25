import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { Gate, hookOf, PollingClock, serve, stoppedListening, until } from '../support/service.ts'

describe('a connection whose handler destroys it', () => {
  test('is gone for good, though the rest of its pipeline is still emitted', async () => {
    const asked: string[] = []
    const { connect, shutdown } = await serve((request) => {
      asked.push(request.url ?? '')
      if (request.url === '/a') request.socket.destroy()
    })
    const client = await connect()
    client.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => asked.length === 2)

    expect(hookOf(await shutdown.now())).toMatchObject({ status: 'done' })
  })
})

describe('a TLS handshake that ends during the drain', () => {
  test('costs its request nothing that takes longer than a handshake may', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const clock = new PollingClock()
    const { port, server, shutdown } = await serve(
      async (_, response) => {
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { secure: true, clock },
    )
    const socket = connectTcp(port, '127.0.0.1')
    await once(socket, 'connect')
    const run = shutdown.now()
    await stoppedListening({ server })
    const client = connectTls({ socket, rejectUnauthorized: false })
    let answer = ''
    client.on('data', (data) => {
      answer += String(data)
    })
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await begun.opened
    await clock.advance(2000)
    gate.open()
    await once(client, 'end')
    client.destroy()

    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*ok/)
    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })
})

describe('a client whose upgrade is refused', () => {
  test('holds the drain up for a linger, though it does not close its side', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve((_, response) => response.end(), { clock })
    server.on('upgrade', () => {})
    const client = await connect({ halfOpen: true })
    const run = shutdown.now()
    await stoppedListening({ server })
    client.ask('/chat', { headers: { Connection: 'Upgrade', Upgrade: 'echo' } })
    expect(await client.answer()).toMatchObject({ status: 503 })
    await clock.advance(250)

    expect(hookOf(await run)).toMatchObject({ status: 'done' })
  })
})
