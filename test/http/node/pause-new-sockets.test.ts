import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { pauseNewSockets } from '../../../src/http/node/pause-new-sockets.ts'
import { connect, listen, until } from '../../support/service.ts'

test('a new connection is accepted, and read only when its server resumes', async () => {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.end('ok')
  })
  const port = await listen(server)
  const earlier = await connect(port)
  const { accepted, resume } = pauseNewSockets(server)
  const client = await connect(port)
  client.ask('/new')
  await until(() => accepted() === 1)
  // One that was there before is read.
  await earlier.get('/earlier')
  expect(asked).toEqual(['/earlier'])
  resume()

  expect(await client.answer()).toMatchObject({ body: 'ok' })
  expect(accepted()).toBe(1)
  expect(await (await connect(port)).get('/after')).toMatchObject({ body: 'ok' })
})
