import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { socketCloseWatcher } from '../../../src/http/node/socket-close.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import { connect, listen, until } from '../../support/service.ts'

describe.each([
  ['http', false],
  ['https', true],
])('a socket of a server over %s', (_, secure) => {
  test.each(['by its client', 'by the server'])(
    'that is closed %s is noticed, once',
    async (by) => {
      const closed: Socket[] = []
      const opened: Socket[] = []
      const watch = socketCloseWatcher((socket) => closed.push(socket))
      const server = secure ? createSecureServer(selfSigned()) : createServer()
      server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
        const listeners = socket.listenerCount('close')
        watch(socket)
        expect(socket.listenerCount('close')).toBe(listeners)
        opened.push(socket)
      })
      const client = await connect(await listen(server), { secure })
      await until(() => opened.length === 1)
      if (by === 'by the server') opened[0]?.destroy()
      else client.socket.destroy()
      await until(() => closed.length > 0 && opened[0]?.closed === true)

      expect(closed).toEqual(opened)
    },
  )
})

test('a stream that has a way of its own to be destroyed is noticed by the event', async () => {
  let destroyed = 0
  const closed: unknown[] = []
  const stream = new Duplex({
    destroy(_, done) {
      destroyed++
      done(null)
    },
  }) as Socket
  socketCloseWatcher((socket) => closed.push(socket))(stream)
  stream.destroy()
  await until(() => closed.length > 0)

  expect(closed).toEqual([stream])
  expect(destroyed).toBe(1)
})
