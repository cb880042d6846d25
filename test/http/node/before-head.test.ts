import { createServer, type ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { beforeHead } from '../../../src/http/node/before-head.ts'
import { connect, listen } from '../../support/service.ts'

const WAYS: [string, (response: ServerResponse) => void][] = [
  ['end()', () => {}],
  ['write()', (response) => void response.write('')],
  ['flushHeaders()', (response) => response.flushHeaders()],
  ['writeHead()', (response) => void response.writeHead(200)],
]

describe('a head', () => {
  test.each(WAYS)('that is written by %s is changed, once', async (_, write) => {
    let [changed, written] = [0, 0]
    const server = createServer((_, response) => {
      beforeHead(response, (head, write) => {
        changed++
        response.setHeader('X-Late', 'yes')
        write(head)
        written++
      })
      write(response)
      response.end('ok')
    })
    const client = await connect(await listen(server))

    expect(await client.get('/')).toMatchObject({ headers: { 'x-late': ['yes'] } })
    expect([changed, written]).toEqual([1, 1])
  })

  test('that Node refuses counts as not written: the next one is changed, too', async () => {
    let [changed, written] = [0, 0]
    const server = createServer((_, response) => {
      beforeHead(response, (head, write) => {
        changed++
        write(head)
        written++
      })
      expect(() => response.writeHead(200, { 'not a header name': 'x' })).toThrow('Header name')
      response.writeHead(204).end()
    })
    const client = await connect(await listen(server))

    expect(await client.get('/')).toMatchObject({ status: 204 })
    expect([changed, written]).toEqual([2, 1])
  })
})
