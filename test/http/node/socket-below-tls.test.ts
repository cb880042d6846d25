import { once } from 'node:events'
import { createServer } from 'node:https'
import { connect as connectPlainly, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { socketBelowTls } from '../../../src/http/node/socket-below-tls.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import { connect, listen } from '../../support/service.ts'

test('a TLS socket is known with the socket that its server accepted', async () => {
  const server = createServer(selfSigned())
  const accepted = once(server, 'connection')
  const secured = once(server, 'secureConnection')
  await connect(await listen(server), { secure: true })
  const [[below], [secure]] = await Promise.all([accepted, secured])

  expect(below).toBeInstanceOf(Socket)
  expect(socketBelowTls(secure)).toBe(below)
})

test('a socket without TLS has none', async () => {
  const server = createServer(selfSigned())
  const socket = connectPlainly(await listen(server), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const [accepted] = await once(server, 'connection')

  expect(socketBelowTls(accepted)).toBeUndefined()
})
