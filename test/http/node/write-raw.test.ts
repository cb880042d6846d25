import { once } from 'node:events'
import { mkdtempSync, rmSync, writeSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeRaw } from '../../../src/http/node/write-raw.ts'
import { connectRaw, http2Server, listenHttp2 } from '../../support/http2-service.ts'

/** A GOAWAY that allows every stream. */
const FRAME = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])

test('a frame is written between two of an HTTP/2 session', async () => {
  const server = http2Server((_, response) => response.end('ok'))
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  const client = await connectRaw(await listenHttp2(server))
  await client.get('/')
  const [socket] = sockets

  expect(socket && writeRaw(socket, FRAME)).toBe(true)
  await client.sees(/^GOAWAY/)
  expect(await client.get('/after')).toEqual({ status: 200, body: 'ok' })
})

test('nothing is written over TLS', async () => {
  const server = http2Server((_, response) => response.end('ok'), true)
  const sockets: Socket[] = []
  server.on('secureConnection', (socket) => sockets.push(socket))
  const client = await connectRaw(await listenHttp2(server), { secure: true })
  await client.get('/')

  expect(sockets[0] && writeRaw(sockets[0], FRAME)).toBe(false)
})

test('nothing is written where the socket has no handle', () => {
  expect(writeRaw(new Socket(), FRAME)).toBe(false)
})

test('nothing is written where the client reads nothing and the kernel has no room', async () => {
  // Over TCP the kernel may make room after the EAGAIN: it still moves bytes to the client.
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-raw-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const peer = createServer({ pauseOnConnect: true }).listen(join(folder, 'peer.sock'))
  onTestFinished(() => void peer.close())
  await once(peer, 'listening')
  const accepted = once(peer, 'connection')
  const client = await connectRaw(join(folder, 'peer.sock'), { greets: false })
  client.socket.pause()
  const [socket] = (await accepted) as [Socket]
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  let written = 0
  const fill = () => {
    for (;;) written += writeSync(fd, Buffer.alloc(65_536))
  }
  expect(fill).toThrow('EAGAIN')

  expect(writeRaw(socket, FRAME)).toBe(false)
  socket.end()
  let read = 0
  for await (const chunk of client.socket as AsyncIterable<Buffer>) read += chunk.length
  expect(read).toBe(written)
})
