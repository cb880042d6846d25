import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { readSendQueues } from '../../src/runtime/send-queues.ts'
import { Script } from '../support/programs/script.ts'

const SIZE = 3_000_000

const SERVICE = `
  import { createServer } from 'node:http'
  import { createShutdown } from 'lastcall'
  import { httpServer } from 'lastcall/http'

  const server = createServer((request, response) => {
    response.end(Buffer.alloc(${SIZE}))
  })
  const shutdown = createShutdown({ grace: '20s', log: false })
  shutdown.add(httpServer(server))
  shutdown.listen()
  server.listen(0, '127.0.0.1', () => process.stdout.write('port ' + server.address().port + '\\n'))
`

const hasQueues = (await readSendQueues()) !== undefined

// In a container the network goes with the process, and what the kernel has not sent is lost.
test.runIf(hasQueues).each([
  ['keep-alive', 'keep-alive'],
  ['close', 'close'],
])(
  'a process leaves when a slow reader has the whole response: Connection: %s',
  async (_, connection) => {
    const service = new Script(SERVICE)
    onTestFinished(() => void service.send('SIGKILL'))
    const port = Number((await service.told(/port (\d+)\n/))[1])
    const client = connect(port, '127.0.0.1')
    onTestFinished(() => void client.destroy())
    let received = 0
    client.pause()
    client.write(`GET /export HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n\r\n`)
    await once(client, 'readable')
    service.send('SIGTERM')
    const reading = setInterval(() => {
      received += client.read(Math.min(100_000, client.readableLength))?.length ?? 0
    }, 20)
    onTestFinished(() => clearInterval(reading))
    const hasAll = once(client, 'end')
    const { code, stderr } = await service.ended
    const unsent = (await readSendQueues())?.closedOn(port)

    expect({ code, stderr, unsent }).toEqual({ code: 0, stderr: '', unsent: new Map() })
    await hasAll
    expect(received).toBeGreaterThan(SIZE)
  },
)
