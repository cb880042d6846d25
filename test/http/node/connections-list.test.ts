import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { isReceiving, listSockets } from '../../../src/http/node/connections-list.ts'
import { RawClient, requestOf } from '../../support/clients/raw-client.ts'
import { http2Server, listenHttp2 } from '../../support/http2-service.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import { connect, listen, until } from '../../support/service.ts'

const ok: RequestListener = (_, response) => void response.end('ok')

describe.each([
  ['http', false],
  ['https', true],
])('the sockets of a server over %s', (_, secure) => {
  test('are listed, and those apart on which no part of a request has come', async () => {
    const server = secure ? createSecureServer(selfSigned(), ok) : createServer(ok)
    const opened: Socket[] = []
    server.on(secure ? 'secureConnection' : 'connection', (socket) => opened.push(socket))
    const port = await listen(server)
    const clients: RawClient[] = []
    for (let n = 0; n < 2; n++) {
      const client = await connect(port, { secure })
      await client.get('/')
      clients.push(client)
    }
    expect(listSockets(server)?.all).toHaveLength(2)
    expect(new Set(listSockets(server)?.all)).toEqual(new Set(opened))
    expect(listSockets(server)?.idle).toEqual(new Set(opened))

    clients[0]?.send('GET / HTTP/1.1\r\n')
    await until(() => listSockets(server)?.idle.size === 1)
    expect(listSockets(server)?.idle).toEqual(new Set([opened[1]]))
    expect(listSockets(server)?.all).toHaveLength(2)
    expect(opened.map(({ destroyed }) => destroyed)).toEqual([false, false])
  })

  test('are distinguished by whether a request is arriving', async () => {
    const requests: IncomingMessage[] = []
    const responses: ServerResponse[] = []
    const listener: RequestListener = (request, response) => {
      requests.push(request)
      responses.push(response)
    }
    const server = secure ? createSecureServer(selfSigned(), listener) : createServer(listener)
    const opened: Socket[] = []
    server.on(secure ? 'secureConnection' : 'connection', (socket) => opened.push(socket))
    const client = await connect(await listen(server), { secure })
    await until(() => opened.length === 1)
    const [socket] = opened as [Socket]
    // A fresh connection counts: its first request is awaited.
    expect(isReceiving(server, socket)).toBe(true)

    client.send(requestOf('/whole'))
    await until(() => requests.length === 1)
    expect(isReceiving(server, socket)).toBe(false)

    const read = socket.bytesRead
    client.send(requestOf('/half').slice(0, 10))
    await until(() => socket.bytesRead > read)
    expect(isReceiving(server, socket)).toBe(true)
    responses[0]?.end()
    await client.answer()
    expect(isReceiving(server, socket)).toBe(true)

    client.send(requestOf('/half').slice(10))
    await until(() => requests.length === 2)
    expect(isReceiving(server, socket)).toBe(false)
    responses[1]?.end()
    await client.answer()
    // Line breaks between two requests are none.
    const before = socket.bytesRead
    client.send('\r\n')
    await until(() => socket.bytesRead > before)
    expect(isReceiving(server, socket)).toBe(false)
  })

  test('are receiving until the body has come in full', async () => {
    const requests: IncomingMessage[] = []
    const listener: RequestListener = (request) => void requests.push(request.resume())
    const server = secure ? createSecureServer(selfSigned(), listener) : createServer(listener)
    const client = await connect(await listen(server), { secure })
    client.send(requestOf('/', { method: 'PUT', headers: { 'Content-Length': '4' } }))
    await until(() => requests.length === 1)
    const [request] = requests as [IncomingMessage]
    expect(isReceiving(server, request.socket)).toBe(true)
    client.send('body')
    await until(() => request.complete)

    expect(isReceiving(server, request.socket)).toBe(false)
  })
})

test('those of HTTP/1 are listed for a server of HTTP/2', async () => {
  const server = http2Server((_, response) => response.end('ok'), true, { allowHTTP1: true })
  const port = await listenHttp2(server)
  const client = await RawClient.connect(port, { secure: true })
  await client.get('/')

  expect(listSockets(server)?.all).toHaveLength(1)
  client.socket.destroy()
})

test('there is no list of a server without one', () => {
  expect(listSockets(http2Server(undefined))).toBeUndefined()
  expect(listSockets({ [Symbol('http.server.connections')]: {} })).toBeUndefined()
  expect(isReceiving({}, new Socket())).toBe(false)
})
