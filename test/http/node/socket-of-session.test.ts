import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { onSession } from '../../../src/http/node/socket-of-session.ts'
import { RawClient } from '../../support/clients/raw-client.ts'
import { connectRaw, http2Server, listenHttp2, WAYS } from '../../support/http2-service.ts'

describe.each(WAYS)(
  'the sessions of a server over %s',
  (_, { secure = false, server: options }) => {
    test('are known with the socket below each', async () => {
      const server = http2Server((_, response) => response.end('ok'), secure, options)
      const opened: [ServerHttp2Session, Socket][] = []
      onSession(server, (...session) => opened.push(session))
      const port = await listenHttp2(server)
      if (options?.allowHTTP1) {
        const client = await RawClient.connect(port, { secure })
        expect(await client.get('/')).toMatchObject({ body: 'ok' })
        client.socket.destroy()
      }
      const clients = [await connectRaw(port, { secure }), await connectRaw(port, { secure })]
      for (const client of clients) await client.get('/')

      expect(opened).toHaveLength(2)
      expect(opened.map(([, socket]) => socket.remotePort)).toEqual(
        clients.map(({ socket }) => socket.localPort),
      )
      for (const [session, socket] of opened) {
        expect(session.socket.remotePort).toBe(socket.remotePort)
        socket.destroy()
      }
      for (const client of clients) await client.ended()
    })
  },
)
