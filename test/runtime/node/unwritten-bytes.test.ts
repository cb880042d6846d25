import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { unwrittenBytes } from '../../../src/runtime/node/unwritten-bytes.ts'

test('of a write under way, what the kernel has taken does not count', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect(port, '127.0.0.1')
  const [[reader]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
  const size = 50_000_000
  client.write(Buffer.alloc(size))
  client.write(Buffer.alloc(1000))
  const left = unwrittenBytes(client)
  expect(left).toBeGreaterThan(1000)
  expect(left).toBeLessThan(client.writableLength)

  // What has left arrives, and nothing else.
  client.destroy()
  let received = 0
  for await (const chunk of reader) received += chunk.length
  expect(received).toBe(size + 1000 - left)
})
