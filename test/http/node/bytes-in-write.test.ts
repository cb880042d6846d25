import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { bytesInWrite } from '../../../src/http/node/bytes-in-write.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import { connect, listen, until } from '../../support/service.ts'

const SIZE = 32 * 1024 * 1024

/** A client, and the server's socket of it. */
async function openSocket(secure: boolean) {
  const server = secure ? createSecureServer(selfSigned()) : createServer()
  const opened = once(server, secure ? 'secureConnection' : 'connection')
  const client = await connect(await listen(server), { secure })
  const [socket] = (await opened) as [Socket]
  return { client, socket }
}

describe.each([
  ['http', false],
  ['https', true],
])('the bytes of the write under way over %s', (_, secure) => {
  test('become fewer while the client reads, and stay as many while it does not', async () => {
    const { client, socket } = await openSocket(secure)
    expect(bytesInWrite(socket)).toBe(0)
    client.socket.pause()
    socket.write(Buffer.alloc(SIZE))
    // From Node 24 on TLS encrypts in a later turn.
    await until(() => bytesInWrite(socket) > 0)
    // What the kernel takes at once is less than this.
    const atFirst = bytesInWrite(socket)
    expect(atFirst).toBeGreaterThan(SIZE / 2)

    client.socket.resume()
    await until(() => bytesInWrite(socket) < atFirst)
    client.socket.pause()
    expect(bytesInWrite(socket)).toBeGreaterThan(0)
    // The number of which this file is about: it does not say that the client reads.
    expect(socket.writableLength).toBe(SIZE)

    client.socket.resume()
    await until(() => client.received.length === SIZE)
    expect(bytesInWrite(socket)).toBe(0)
  })

  test('are none when the socket is closed', async () => {
    const { client, socket } = await openSocket(secure)
    client.socket.destroy()
    socket.on('error', () => {})
    await once(socket, 'close')

    expect(bytesInWrite(socket)).toBe(0)
  })
})
