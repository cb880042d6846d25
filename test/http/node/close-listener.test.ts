import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { closeListener } from '../../../src/http/node/close-listener.ts'
import { keepIdleConnections } from '../../../src/http/node/keep-idle-connections.ts'
import { connectRaw, http2Server, listenHttp2, WAYS } from '../../support/http2-service.ts'
import { connect, listen } from '../../support/service.ts'

test('an idle connection that is kept is served after its listener has closed, and new ones are refused', async () => {
  const server = createServer((_, response) => response.end('ok'))
  const port = await listen(server)
  const client = await connect(port)
  await client.get('/')
  keepIdleConnections(server)
  closeListener(server)

  expect(server.listening).toBe(false)
  await expect(connect(port)).rejects.toThrow('ECONNREFUSED')
  expect(await client.get('/')).toMatchObject({ body: 'ok', saysClose: false })
})

describe.each(WAYS)('a session over %s', (_, { secure = false, server: options }) => {
  test('opens streams after its listener has closed', async () => {
    const server = http2Server((_, response) => response.end('ok'), secure, options)
    const client = await connectRaw(await listenHttp2(server), { secure })
    await client.get('/')
    closeListener(server)

    expect(server.listening).toBe(false)
    expect(await client.get('/after')).toEqual({ status: 200, body: 'ok' })
    expect(client.goaways).toEqual([])
  })
})
