import type { Http2Server, Http2ServerResponse } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { Clients } from '../../../src/http/clients.ts'
import { connectRaw, http2Server, listenHttp2, WAYS } from '../../support/http2-service.ts'
import { PollingClock, until } from '../../support/service.ts'

function sessionsOf(server: Http2Server) {
  const clock = new PollingClock()
  const clients = new Clients(server, clock, () => false)
  return { clock, clients, sessions: clients.sessions }
}

describe.each(WAYS)(
  'the sessions of a server over %s',
  (_, { secure = false, server: options }) => {
    test('are known with the streams that are open on each', async () => {
      const responses: Http2ServerResponse[] = []
      const server = http2Server((_, response) => void responses.push(response), secure, options)
      const { clock, sessions } = sessionsOf(server)
      const client = await connectRaw(await listenHttp2(server), { secure })
      await until(() => sessions.open.size === 1)
      const [session] = sessions.open
      expect(session).toMatchObject({ used: false, openedAt: 0, events: 0 })

      await clock.advance(10)
      const stream = client.ask('/slow')
      await until(() => responses.length === 1)
      expect(session).toMatchObject({ used: true, events: 1 })
      expect(sessions.inFlight()).toMatchObject([
        { headers: { ':path': '/slow' }, since: 10, session },
      ])

      responses[0]?.end('ok')
      await client.answer(stream)
      await until(() => session?.streams.size === 0)
      expect(session).toMatchObject({ used: true, events: 2 })
    })

    test('call their watcher for what happens, in order', async () => {
      const server = http2Server((_, response) => response.end('ok'), secure, options)
      const { sessions } = sessionsOf(server)
      const heard: string[] = []
      sessions.watcher = {
        opened: () => void heard.push('opened'),
        answered: () => void heard.push('answered'),
        closed: () => void heard.push('closed'),
      }
      const client = await connectRaw(await listenHttp2(server), { secure })
      await client.get('/1')
      await client.get('/2')
      client.socket.destroy()
      await until(() => sessions.open.size === 0)

      expect(heard).toEqual(['opened', 'answered', 'answered', 'closed'])
    })

    test('are distinguished: only the first stream of each is an arrival', async () => {
      const server = http2Server((_, response) => response.end('ok'), secure, options)
      const { clock, clients } = sessionsOf(server)
      const port = await listenHttp2(server)
      const client = await connectRaw(port, { secure })
      expect(clients.state.lastArrivalAt).toBe(Number.NEGATIVE_INFINITY)
      await clock.advance(10)
      await client.get('/')
      expect(clients.state.lastArrivalAt).toBe(10)
      await clock.advance(10)
      await client.get('/')
      expect(clients.state.lastArrivalAt).toBe(10)
      await (await connectRaw(port, { secure })).get('/')
      expect(clients.state.lastArrivalAt).toBe(20)
    })
  },
)
