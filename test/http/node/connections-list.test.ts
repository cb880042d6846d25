import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { listSockets } from '../../../src/http/node/connections-list.ts'
import { RawClient } from '../../support/clients/raw-client.ts'
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
})
