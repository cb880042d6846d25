import { expect, onTestFinished, test } from 'vitest'
import { Script, shutdownScript } from '../../support/programs/script.ts'

const SERVICE = shutdownScript(`
  import { createServer } from 'node:http'
  import { WebSocketServer } from 'ws'
  import { httpServer, webSocketServer } from 'lastcall/http'
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  shutdown.add(httpServer(server))
  shutdown.add(webSocketServer(sockets))
  shutdown.on('end', ({ report }) => {
    const hooks = report.phases.flatMap(({ hooks }) => hooks)
    const { notes } = hooks.find(({ name }) => name === 'websockets')
    say(JSON.stringify({ duration: report.duration, notes }))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  say('port ' + server.address().port + ';')
`)

const CLIENT = `
  import { WebSocket } from 'ws'
  const socket = new WebSocket(process.env.URL)
  socket.on('open', () => process.stdout.write('open'))
  socket.on('close', (code) => process.stdout.write('closed with ' + code))
`

// ws itself waits 30 s for the answer: more than the whole grace.
test('a client that is asleep holds a stop for the bound of 2 s, and does not change the exit code', async () => {
  const service = new Script(SERVICE)
  onTestFinished(() => void service.send('SIGKILL'))
  const [, port] = await service.told(/port (\d+);/)
  await service.says('ready')
  const env = { ...process.env, URL: `ws://127.0.0.1:${port}/chat` }
  const clients = [new Script(CLIENT, { env }), new Script(CLIENT, { env })]
  const [asleep, awake] = clients
  onTestFinished(() => void clients.map((client) => client.send('SIGKILL')))
  await Promise.all(clients.map((client) => client.says('open')))
  asleep?.send('SIGSTOP')
  service.send('SIGTERM')
  const { code, stdout, stderr } = await service.ended

  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining('did not answer the close within 2 s'),
  })
  await awake?.says('closed with 1001')
  const { duration, notes } = JSON.parse(stdout.split('\n').at(-2) ?? '')
  expect(notes).toEqual([
    '2 WebSockets closed, 1 of them cleanly',
    '1 WebSocket whose client did not answer the close within 2 s was ended',
    expect.stringMatching(/^ended: WebSocket GET \/chat, [\d.]+ s old, from 127\.0\.0\.1$/),
  ])
  expect(duration).toBeGreaterThanOrEqual(2000)
})
