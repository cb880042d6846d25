import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { keepIdleConnections } from '../../../src/http/node/keep-idle-connections.ts'
import { connect, listen } from '../../support/service.ts'

/** A server with a connection that is idle between two requests. */
async function idle() {
  const server = createServer((_, response) => response.end('ok'))
  const client = await connect(await listen(server))
  await client.get('/')
  return { client, server }
}

describe('an idle connection', () => {
  test('is closed by close(), unless it is kept', async () => {
    const { client, server } = await idle()
    server.close()
    expect(await client.ended()).toBe('FIN')
  })

  test('is served after close() where it is kept', async () => {
    const { client, server } = await idle()
    keepIdleConnections(server)
    server.close()
    expect(await client.get('/')).toMatchObject({ body: 'ok' })
  })

  test('is closed again once that is undone', async () => {
    const { client, server } = await idle()
    keepIdleConnections(server)()
    expect(Object.hasOwn(server, 'closeIdleConnections')).toBe(false)
    server.close()
    expect(await client.ended()).toBe('FIN')
  })
})
