import { createServer, type IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { expect, test } from 'vitest'
import { type Interceptor, intercept } from '../../../src/http/node/intercept.ts'
import { connectNode, http2Server, listenHttp2 } from '../../support/http2-service.ts'
import { connect, listen, until } from '../../support/service.ts'

test('a request reaches its handler when the interceptor passes it on, and not before', async () => {
  const handled: unknown[] = []
  const server = createServer((request, response) => {
    handled.push(request.url)
    response.end('ok')
  })
  const held: (() => boolean)[] = []
  const request: Interceptor = (pass) => held.push(pass) > 0
  const undo = intercept(server, { request })
  const client = await connect(await listen(server))
  client.ask('/held')
  await until(() => held.length === 1)
  expect(handled).toEqual([])

  expect(held[0]?.()).toBe(true)
  expect(await client.answer()).toMatchObject({ body: 'ok' })
  undo()
  expect(await client.get('/after')).toMatchObject({ body: 'ok' })
  expect(handled).toEqual(['/held', '/after'])
  expect(Object.hasOwn(server, 'emit')).toBe(false)
})

test('a request that the application hands from one event to another is intercepted once', async () => {
  const server = createServer((_, response) => response.end('ok'))
  server.on('checkContinue', (...given) => server.emit('request', ...given))
  const seen: string[] = []
  const seeing =
    (event: string): Interceptor =>
    (pass, { url }: IncomingMessage) => {
      seen.push(`${event} ${url}`)
      return pass()
    }
  intercept(server, { request: seeing('request'), checkContinue: seeing('checkContinue') })
  const client = await connect(await listen(server))
  expect(await client.get('/', { headers: { Expect: '100-continue' } })).toMatchObject({
    body: 'ok',
  })

  expect(seen).toEqual(['checkContinue /'])
})

test('a stream of HTTP/2 reaches its handler when the interceptor passes it on', async () => {
  const server = http2Server((_, response) => response.end('ok'))
  const held: [() => boolean, ServerHttp2Stream][] = []
  const stream: Interceptor = (pass, given: ServerHttp2Stream) => held.push([pass, given]) > 0
  intercept(server, { stream })
  const session = await connectNode(await listenHttp2(server))
  const request = session.request({ ':path': '/' })
  await until(() => held.length === 1)
  expect(held[0]?.[1].headersSent).toBe(false)
  held[0]?.[0]()

  let body = ''
  for await (const chunk of request) body += chunk
  expect(body).toBe('ok')
})
