import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { Agent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { placeOrders } from './clients/lane.ts'
import { Tally } from './clients/tally.ts'

const servers: (() => void)[] = []
afterEach(() => {
  for (const close of servers.splice(0)) close()
})

/** Has one client place orders until the server has had so many requests. */
async function tallyOf(requests: number, answer: (count: number) => RequestListener | undefined) {
  const over = new AbortController()
  const orders = new Map<string, unknown>()
  let count = 0
  const honest: RequestListener = async (request, response) => {
    if (request.method === 'POST') {
      const order = (await json(request)) as { id: string }
      orders.set(order.id, order)
      return say(response, 201, order)
    }
    say(response, 200, orders.get(request.url?.split('/').at(-1) ?? ''))
  }
  const server = createServer((request, response) => {
    if (++count === requests) over.abort()
    const respond = answer(count) ?? honest
    respond(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent()
  servers.push(() => {
    void agent.destroy()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tally = new Tally()
  await placeOrders('lane', () => ({ origin, dispatcher: agent }), tally, over.signal)
  return tally
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

describe('a client of the fleet', () => {
  test('places orders, asks for them, and takes those for acknowledged that were answered with 201', async () => {
    const tally = await tallyOf(6, () => undefined)
    expect(tally.failures).toEqual([])
    expect(tally.requests).toBe(6)
    expect([...tally.acknowledged]).toEqual(['lane-1', 'lane-2', 'lane-3'])
    expect(tally.longestPause).toBeGreaterThan(0)
  })

  test.each<[string, RequestListener, RegExp]>([
    [
      'the answer to another request',
      (_, response) => say(response, 200, { id: 'another', total: 1 }),
      /^GET \/orders\/lane-1: answered \{"id":"another"/,
    ],
    [
      'another status',
      (_, response) => say(response, 503, 'busy'),
      /^GET \/orders\/lane-1: 503 "busy"$/,
    ],
    [
      'half an answer',
      (_, response) =>
        void response
          .writeHead(200, { 'content-length': 100 })
          .write('{', () => response.destroy()),
      /^GET \/orders\/lane-1: UND_ERR_SOCKET$/,
    ],
    [
      'no answer',
      (request) => void request.socket.destroy(),
      /^GET \/orders\/lane-1: UND_ERR_SOCKET$/,
    ],
  ])('counts %s as a failure, and tries nothing twice', async (_, wrong, told) => {
    const tally = await tallyOf(4, (count) => (count === 2 ? wrong : undefined))
    expect(tally.failures.map(({ what }) => what)).toEqual([expect.stringMatching(told)])
    expect(tally.requests).toBe(4)
    expect([...tally.acknowledged]).toEqual(['lane-1', 'lane-2'])
  })

  test('takes no order for acknowledged whose answer is lost', async () => {
    const lost: RequestListener = (request) => void request.socket.destroy()
    const tally = await tallyOf(3, (count) => (count === 1 ? lost : undefined))
    expect(tally.failures).toHaveLength(1)
    expect([...tally.acknowledged]).toEqual(['lane-2'])
  })
})
