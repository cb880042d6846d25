import {
  createServer,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { describe, expect, test } from 'vitest'
import { sayCloseIf } from '../../../src/http/http1/last-response.ts'
import type { Answer } from '../../support/clients/raw-client.ts'
import { connect, Gate, listen, serve, stoppedListening } from '../../support/service.ts'

/** The ways in which a proxy hands on what it copied from its upstream. */
const proxies: [string, (response: ServerResponse) => unknown][] = [
  [
    'setHeader()',
    (response) => response.setHeader('connection', 'keep-alive').setHeader('X-A', '1'),
  ],
  [
    'setHeaders()',
    (response) =>
      response.setHeaders(
        new Map([
          ['connection', 'keep-alive'],
          ['x-a', '1'],
        ]),
      ),
  ],
  [
    'appendHeader()',
    (response) => response.appendHeader('Connection', 'keep-alive').appendHeader('X-A', '1'),
  ],
  [
    'writeHead() with an object',
    (response) => response.writeHead(200, { connection: 'keep-alive', 'X-A': '1' }),
  ],
  [
    'writeHead() with a reason and an object',
    (response) => response.writeHead(200, 'Fine', { CONNECTION: 'keep-alive', 'X-A': '1' }),
  ],
  [
    'writeHead() with a flat array',
    (response) => response.writeHead(200, ['Connection', 'keep-alive', 'X-A', '1']),
  ],
  [
    'writeHead() with an array of pairs',
    (response) => response.writeHead(200, pairs(['Connection', 'keep-alive'], ['X-A', '1'])),
  ],
  [
    'setHeader() and writeHead()',
    (response) => response.setHeader('X-A', '1').writeHead(200, { connection: 'keep-alive' }),
  ],
  [
    'setHeader(), with others in an object',
    (response) => response.setHeader('Connection', 'keep-alive').writeHead(200, { 'X-A': '1' }),
  ],
  [
    'setHeader(), with others in a flat array',
    (response) => response.setHeader('Connection', 'keep-alive').writeHead(200, ['X-A', '1']),
  ],
]

/** Node takes pairs as well, though its types know of flat arrays only. */
function pairs(...headers: [string, string][]): OutgoingHttpHeader[] {
  return headers as unknown as OutgoingHttpHeader[]
}

/** What a client gets for a request that is in flight when the shutdown begins. */
async function lastAnswer(handler: RequestListener, secure = false): Promise<Answer> {
  const [begun, gate] = [new Gate(), new Gate()]
  const service = await serve(
    (request, response) => {
      begun.open()
      void gate.opened
        .then(() => handler(request, response))
        .catch((error) => response.writeHead(500).end(String(error)))
    },
    { secure },
  )
  const client = await service.connect()
  client.ask('/')
  await begun.opened
  const run = service.shutdown.now()
  await stoppedListening(service)
  gate.open()
  const answer = await client.answer()
  expect(await client.ended()).toBe('FIN')
  expect(await run).toMatchObject({ outcome: 'clean' })
  return answer
}

describe('the last answer of a connection', () => {
  test.each(proxies)('says close where the handler gave keep-alive through %s', async (_, give) => {
    const { headers, body } = await lastAnswer((_, response) => {
      give(response)
      response.end('ok')
    })

    expect(headers.connection).toEqual(['close'])
    expect(headers['x-a']).toEqual(['1'])
    expect(body).toBe('ok')
  })

  test.each(proxies)(
    'says close over TLS where the handler gave keep-alive through %s',
    async (_, give) => {
      const { headers } = await lastAnswer((_, response) => {
        give(response)
        response.end('ok')
      }, true)

      expect(headers.connection).toEqual(['close'])
      expect(headers['x-a']).toEqual(['1'])
    },
  )

  test.each([
    ['a flat array', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']],
    ['an array of pairs', pairs(['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'])],
    ['an object', { 'Set-Cookie': ['a=1', 'b=2'] }],
  ] as [string, OutgoingHttpHeaders | OutgoingHttpHeader[]][])(
    'keeps headers that come several times in %s',
    async (_, given) => {
      const { headers } = await lastAnswer((_, response) => {
        response.writeHead(200, given).end('ok')
      })

      expect(headers['set-cookie']).toEqual(['a=1', 'b=2'])
      expect(headers.connection).toEqual(['close'])
    },
  )

  test('says close where the head is flushed before there is a body', async () => {
    const answer = await lastAnswer((_, response) => {
      response.flushHeaders()
      setImmediate(() => response.end('ok'))
    })

    expect(answer).toMatchObject({ body: 'ok', saysClose: true })
  })

  test('says close with an answer that has no body', async () => {
    const answer = await lastAnswer((_, response) => {
      response.writeHead(304).end()
    })

    expect(answer).toMatchObject({ status: 304, saysClose: true })
  })

  test('says close where an earlier writeHead() threw', async () => {
    const answer = await lastAnswer((_, response) => {
      try {
        response.writeHead(200, { 'not a header name': 'x' })
      } catch {
        response.writeHead(500)
      }
      response.end()
    })

    expect(answer).toMatchObject({ status: 500, saysClose: true })
  })
})

describe('sayCloseIf()', () => {
  /** An answer to a request of a server without a shutdown. */
  async function answerWith(prepare: (response: ServerResponse) => void): Promise<Answer> {
    const server = createServer((_, response) => {
      prepare(response)
      response.end('ok')
    })
    const client = await connect(await listen(server))
    return client.get('/')
  }

  test('asks when the head is written, and not before', async () => {
    let isLast = false
    let asked = 0
    const { saysClose } = await answerWith((response) => {
      const isLastNow = () => {
        asked++
        return isLast
      }
      sayCloseIf(response, isLastNow, () => {})
      isLast = true
    })

    expect(saysClose).toBe(true)
    expect(asked).toBe(1)
  })

  test('does not change a response that is not the last', async () => {
    const { headers } = await answerWith((response) => {
      sayCloseIf(
        response,
        () => false,
        () => {},
      )
      response.writeHead(200, { Connection: 'keep-alive', 'X-A': '1' })
    })

    expect(headers.connection).toEqual(['keep-alive'])
    expect(headers['x-a']).toEqual(['1'])
  })

  test('asks nothing where the head is written already', async () => {
    let asked = 0
    const { saysClose } = await answerWith((response) => {
      response.flushHeaders()
      sayCloseIf(
        response,
        () => ++asked > 0,
        () => {},
      )
    })

    expect(saysClose).toBe(false)
    expect(asked).toBe(0)
  })

  test('gives writeHead() back as it was', async () => {
    const seen: unknown[] = []
    await answerWith((response) => {
      seen.push(response.writeHead)
      sayCloseIf(
        response,
        () => true,
        () => {},
      )
      response.writeHead(200)
      seen.push(response.writeHead)
    })

    expect(seen[1]).toBe(seen[0])
  })
})
