import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { WebSocket } from 'ws'
import { RawClient } from '../../support/clients/raw-client.ts'
import type { FeatureGroup } from '../feature.ts'
import { endsWith, type Lab } from '../lab.ts'
import { HANDLE, portOf, SERVER, serving } from '../servers.ts'

/** One stream in flight and an idle session, when SIGTERM comes. */
const drainsStreams = (name: string, create: string, scheme: 'http' | 'https') => ({
  name,
  check: async (lab: Lab) => {
    const program = await lab.service(
      `${HANDLE}
       const { createServer, createSecureServer } = await import('node:http2')
       const { httpServer } = await import('lastcall/http')
       const server = ${create}
       shutdown.add(httpServer(server))
       server.listen(0, '127.0.0.1', () => say('port ' + server.address().port))`,
      serving(),
    )
    const session = connect(`${scheme}://127.0.0.1:${await portOf(program)}`, {
      rejectUnauthorized: false,
    })
    const away = once(session, 'goaway')
    const closed = once(session, 'close')
    const stream = session.request({ ':path': '/slow' })
    const answered = once(stream, 'response')
    await program.says('asked /slow')
    program.send('SIGTERM')
    assert.equal((await answered)[0][':status'], 200)
    assert.equal((await stream.setEncoding('utf8').toArray()).join(''), 'slow')
    assert.equal((await away)[0], 0, 'GOAWAY with an error')
    await closed
    await endsWith(program, { code: 0, stdout: /note 1 HTTP\/2 session closed/, stderr: '' })
  },
})

export const protocols: FeatureGroup = {
  name: 'HTTP/2 and WebSockets',
  features: [
    drainsStreams(
      'HTTP/2 in clear text: the stream in flight, GOAWAY',
      'createServer(handle)',
      'http',
    ),
    drainsStreams(
      'HTTP/2 over TLS: the stream in flight, GOAWAY',
      'createSecureServer(JSON.parse(process.env.CERTIFICATE), handle)',
      'https',
    ),
    {
      name: 'WebSockets of `ws`: closed with 1001 and a reason',
      check: async (lab) => {
        const program = await lab.service(
          `${SERVER}
           const { WebSocketServer } = await import('ws')
           const { webSocketServer } = await import('lastcall/http')
           const sockets = new WebSocketServer({ server })
           sockets.on('connection', (socket) => socket.on('message', (text) => socket.send('echo ' + text)))
           shutdown.add(webSocketServer(sockets))`,
          serving(),
        )
        const socket = new WebSocket(`ws://127.0.0.1:${await portOf(program)}`)
        await once(socket, 'open')
        socket.send('hello')
        const [echo] = await once(socket, 'message')
        assert.equal(String(echo), 'echo hello')
        const closed = once(socket, 'close')
        program.send('SIGTERM')
        const [code, reason] = await closed
        assert.deepEqual([code, String(reason)], [1001, 'server is shutting down'])
        await endsWith(program, { code: 0, stdout: /note 1 WebSocket closed, 1 of them cleanly/ })
      },
    },
    {
      name: 'a silent upgrade that no hook closes is ended: code 0',
      check: async (lab) => {
        const program = await lab.service(
          `${SERVER}
           server.on('upgrade', (request, socket) => {
             socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n')
             socket.on('error', () => {})
           })`,
          { shutdown: `{ grace: '1s' }` },
        )
        const client = await RawClient.connect(await portOf(program))
        client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
        await client.has('101 Switching')
        program.send('SIGTERM')
        await endsWith(program, { code: 0, stderr: /ended at the limit: 1 upgraded connection/ })
      },
    },
  ],
}
