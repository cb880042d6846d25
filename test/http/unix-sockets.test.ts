import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { connect as connectPlainly, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { createShutdown } from 'lastcall'
import { describe, expect, onTestFinished, test } from 'vitest'
import { httpServerHooks } from '../../src/http/http-server.ts'
import { requestOf } from '../support/clients/raw-client.ts'
import { selfSigned } from '../support/servers/certificate.ts'
import { Gate, PollingClock, stoppedListening } from '../support/service.ts'

/** An HTTPS server on a Unix socket, which a shutdown ends. Time stands still. */
async function serveAtPath(handler: RequestListener) {
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-unix-'))
  const path = join(folder, 'http.sock')
  const server = createServer(selfSigned(), handler)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true })
  })
  const clock = new PollingClock()
  const shutdown = createShutdown({ exit: false, grace: '10s', log: false })
  shutdown.add(httpServerHooks(server, { timeout: '5s' }, clock))
  await once(server.listen(path), 'listening')
  /** A connection whose client has not begun the handshake. */
  const stalled = async (): Promise<Socket> => {
    const accepted = once(server, 'connection')
    const socket = connectPlainly(path)
    onTestFinished(() => void socket.destroy())
    await accepted
    return socket
  }
  return { clock, server, shutdown, stalled }
}

describe('TLS handshakes on a Unix socket, where clients have no address', () => {
  test('do not hold the drain up where several stall', async () => {
    const { clock, server, shutdown, stalled } = await serveAtPath(() => {})
    for (let count = 0; count < 3; count++) await stalled()
    const run = shutdown.now()
    await stoppedListening({ server })
    await clock.advance(1000)

    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('may come to their end during the drain, beside stalled ones', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const { clock, server, shutdown, stalled } = await serveAtPath(async (_, response) => {
      begun.open()
      await gate.opened
      response.end('ok')
    })
    const [, late] = [await stalled(), await stalled(), await stalled()]
    const run = shutdown.now()
    await stoppedListening({ server })
    const client = new TLSSocket(late, { rejectUnauthorized: false }).setEncoding('latin1')
    client.write(requestOf('/'))
    await begun.opened
    // The stalled ones are closed, and the request goes on.
    await clock.advance(1000)
    gate.open()
    let received = ''
    for await (const text of client) received += text

    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Connection: close\r\n[\s\S]*ok/)
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})
