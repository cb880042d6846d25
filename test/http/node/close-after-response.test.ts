import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { expect, test } from 'vitest'
import { closeAfterResponse } from '../../../src/http/node/close-after-response.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import { connect, listen, until } from '../../support/service.ts'

test.each([
  ['http', false],
  ['https', true],
])('a connection over %s whose response says close is closed in our way', async (_, secure) => {
  const asked: boolean[] = []
  const handler: RequestListener = (request, response) => {
    const { socket } = request
    closeAfterResponse(socket, () => {
      asked.push(response.writableFinished)
      setImmediate(() => socket.end())
    })
    response.writeHead(200, { Connection: 'close' }).end('ok')
  }
  const server = secure ? createSecureServer(selfSigned(), handler) : createServer(handler)
  const client = await connect(await listen(server), { secure, halfOpen: true })

  expect(await client.get('/')).toMatchObject({ body: 'ok', saysClose: true })
  expect(await client.ended()).toBe('FIN')
  await until(() => asked.length > 0)
  expect(asked).toEqual([true])
})
