import { EventEmitter } from 'node:events'
import { createServer, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { responseEndWatcher } from '../../../src/http/node/response-end.ts'
import { requestOf } from '../../support/clients/raw-client.ts'
import { connect, listen, until } from '../../support/service.ts'

test('the end of each response of a pipeline is noticed, in order, with its socket', async () => {
  const ended: [string | undefined, boolean][] = []
  const sockets = new Set<Socket>()
  const watch = responseEndWatcher((response, socket) => {
    sockets.add(socket)
    ended.push([response.req.url, response.writableFinished])
  })
  const responses: ServerResponse[] = []
  const server = createServer((_, response) => {
    expect(watch(response)).toBe(true)
    expect(watch(response)).toBe(false)
    responses.push(response)
  })
  const opened: Socket[] = []
  server.on('connection', (socket) => opened.push(socket))
  const client = await connect(await listen(server))
  client.send(requestOf('/1') + requestOf('/2'))
  await until(() => responses.length === 2)
  responses[1]?.end('2')
  expect(ended).toEqual([])
  responses[0]?.end('1')
  await client.answers(2)

  expect(ended).toEqual([
    ['/1', true],
    ['/2', true],
  ])
  expect([...sockets]).toEqual(opened)
})

test('two watchers notice the same end: of two versions of the package', async () => {
  const ended: string[] = []
  const watches = ['one', 'other'].map((name) => responseEndWatcher(() => ended.push(name)))
  const server = createServer((_, response) => {
    for (const watch of watches) expect(watch(response)).toBe(true)
    for (const watch of watches) expect(watch(response)).toBe(false)
    response.end('ok')
  })
  await (await connect(await listen(server))).get('/')
  await until(() => ended.length === 2)

  expect(ended).toEqual(['one', 'other'])
})

test('without the method of Node the end is noticed by the event', () => {
  const ended: unknown[] = []
  const watch = responseEndWatcher((response, socket) => ended.push(response, socket))
  const socket = {}
  const response = Object.assign(new EventEmitter(), {
    req: { socket },
  }) as unknown as ServerResponse
  expect(watch(response)).toBe(true)
  expect(watch(response)).toBe(false)
  response.emit('close')

  expect(ended).toEqual([response, socket])
})

test('Node has the method', () => {
  expect(typeof (ServerResponse.prototype as Partial<ServerResponse>).detachSocket).toBe('function')
})
