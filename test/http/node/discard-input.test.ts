import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { discardInput } from '../../../src/http/node/discard-input.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import { connect, listen, until } from '../../support/service.ts'

test.each([
  ['http', false],
  ['https', true],
])('what comes on a connection over %s is read, and reaches no handler', async (_, secure) => {
  const asked: (string | undefined)[] = []
  const sockets: Socket[] = []
  const handler: RequestListener = (request, response) => {
    asked.push(request.url)
    response.end('ok')
  }
  const server = secure ? createSecureServer(selfSigned(), handler) : createServer(handler)
  server.on(secure ? 'secureConnection' : 'connection', (socket) => sockets.push(socket))
  const client = await connect(await listen(server), { secure })
  await client.get('/before')
  const [socket] = sockets
  let chunks = 0
  if (socket) discardInput(socket, () => chunks++)
  const before = socket?.bytesRead ?? 0
  client.ask('/after')
  await until(() => chunks > 0)
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))

  expect(socket?.bytesRead).toBeGreaterThan(before)
  expect(asked).toEqual(['/before'])
})
