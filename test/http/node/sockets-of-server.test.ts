import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectSocket, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { socketsOfServer } from '../../../src/http/node/sockets-of-server.ts'
import { listen } from '../../support/service.ts'

test('lists the sockets that a server has accepted, and no others', async () => {
  const [server, other] = [createServer(), createServer()]
  const accepted: Socket[] = []
  server.on('connection', (socket: Socket) => accepted.push(socket))
  const client = connectSocket(await listen(server), '127.0.0.1')
  const clientOfOther = connectSocket(await listen(other), '127.0.0.1')
  onTestFinished(() => void [client, clientOfOther].map((socket) => socket.destroy()))
  await Promise.all([once(server, 'connection'), once(other, 'connection')])

  expect(socketsOfServer(server)).toEqual(accepted)
})
