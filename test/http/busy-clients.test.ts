import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { RawClient } from '../support/clients/raw-client.ts'
import { account, block, Gate, hookOf, serve } from '../support/service.ts'

const CLIENTS = 20

const atOnce: RequestListener = (_, response) => void response.end('ok')
const later: RequestListener = (_, response) => void setImmediate(() => response.end('ok'))
const slowly: RequestListener = (_, response) => {
  block(4)
  setImmediate(() => response.end('ok'))
}

/** Sends request after request until an answer says close; counts the answers. */
async function keepAsking(client: RawClient, answered: () => void): Promise<number> {
  for (let answers = 1; ; answers++) {
    // Rejects where a request goes without an answer.
    const { saysClose } = await client.get('/')
    answered()
    if (saysClose) return answers
  }
}

describe.each([
  ['http', false],
  ['https', true],
])('clients that never stop sending over %s', (_, secure) => {
  test.each([
    ['later', later, '250ms'],
    ['at once', atOnce, '250ms'],
    // Each round of all clients takes longer than the linger: busy must not look idle.
    ['so slowly that the loop is never free', slowly, '40ms'],
  ] as const)(
    'each get one last response and lose nothing where handlers answer %s',
    async (_, handler, linger) => {
      const { connect, shutdown } = await serve(handler, { secure, linger })
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect()))
      const busy = new Gate()
      let answers = 0
      const answered = () => {
        if (++answers === 3 * CLIENTS) busy.open()
      }
      const all = Promise.all(clients.map((client) => keepAsking(client, answered)))
      await busy.opened
      const run = shutdown.now()

      expect(await all).toHaveLength(CLIENTS)
      const endings = await Promise.all(clients.map((client) => client.ended()))
      expect(new Set(endings)).toEqual(new Set(['FIN']))
      expect(hookOf(await run)).toMatchObject({
        status: 'done',
        notes: [account(CLIENTS, CLIENTS, 0)],
      })
    },
  )
})
