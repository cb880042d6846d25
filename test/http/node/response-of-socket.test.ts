import { createServer, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { responseOf } from '../../../src/http/node/response-of-socket.ts'
import { connect, listen, until } from '../../support/service.ts'

test('a socket is known with the response that it waits for, until that has been sent', async () => {
  const responses: ServerResponse[] = []
  const server = createServer((_, response) => void responses.push(response))
  const client = await connect(await listen(server))
  client.ask('/')
  await until(() => responses.length === 1)
  const [response] = responses
  const socket = response?.req.socket as Socket
  expect(responseOf(socket)).toBe(response)
  response?.end('ok')
  await client.answer()

  expect(responseOf(socket)).toBeUndefined()
})

test('a socket without one waits for none', () => {
  expect(responseOf(new Socket())).toBeUndefined()
})
