import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { type Endable, onHandlerEnd } from '../../../src/http/node/handler-end.ts'
import { requestOf } from '../../support/clients/raw-client.ts'
import { connectRaw, http2Server, listenHttp2 } from '../../support/http2-service.ts'
import { selfSigned } from '../../support/servers/certificate.ts'
import { connect, listen, until } from '../../support/service.ts'

/** A response whose client has gone, and how often its end was noticed. */
interface Gone<Response extends Endable> {
  readonly response: Response
  readonly ended: () => number
}

function watched<Response extends Endable>(response: Response): Gone<Response> {
  let count = 0
  onHandlerEnd(response, () => count++)
  return { response, ended: () => count }
}

/** Has a client ask, and leave. The response is watched from then on, as in Connections. */
async function goneHttp1(
  secure: boolean,
  handler: (response: ServerResponse) => void = () => {},
): Promise<Gone<ServerResponse>> {
  const server = secure ? createSecureServer(selfSigned()) : createServer()
  const client = await connect(await listen(server), { secure })
  client.ask('/')
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
  handler(response)
  const left = once(request.socket, 'end')
  const closed = once(response, 'close')
  client.socket.destroy()
  await left
  const gone = watched(response)
  await closed
  return gone
}

async function goneCompat(
  handler: (response: Http2ServerResponse) => void = () => {},
): Promise<Gone<Http2ServerResponse>> {
  const server = http2Server(undefined)
  const client = await connectRaw(await listenHttp2(server))
  const asked = once(server, 'request') as Promise<[Http2ServerRequest, Http2ServerResponse]>
  // Without a listener for requests Node makes no response.
  const stream = client.ask('/')
  const [request, response] = await asked
  handler(response)
  const closed = once(response, 'close')
  const gone = new Promise<Gone<Http2ServerResponse>>((resolve) => {
    request.stream.prependListener('close', () => resolve(watched(response)))
  })
  client.reset(stream)
  await closed
  return gone
}

async function goneStream(
  handler: (stream: ServerHttp2Stream) => void = () => {},
): Promise<Gone<ServerHttp2Stream>> {
  const server = http2Server(undefined)
  const client = await connectRaw(await listenHttp2(server))
  const asked = once(server, 'stream') as Promise<[ServerHttp2Stream]>
  const id = client.ask('/')
  const [stream] = await asked
  const gone = new Promise<Gone<ServerHttp2Stream>>((resolve) => {
    stream.prependListener('close', () => resolve(watched(stream)))
  })
  handler(stream)
  client.reset(id)
  return gone
}

/** A source that never comes to its end. */
const endless = () => new Readable({ read: () => {} })

/** The loop has turned often enough for all that Node does of itself. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe.each([
  ['HTTP', (handler?: (response: Writing) => void) => goneHttp1(false, handler)],
  ['HTTPS', (handler?: (response: Writing) => void) => goneHttp1(true, handler)],
  ['HTTP/2', goneCompat as (handler?: (response: Writing) => void) => Promise<Gone<Writing>>],
  [
    'HTTP/2, as a stream',
    goneStream as (handler?: (response: Writing) => void) => Promise<Gone<Writing>>,
  ],
])('a response over %s whose client has gone', (_, gone) => {
  test('is not ended by Node', async () => {
    const { ended } = await gone()
    await turns()

    expect(ended()).toBe(0)
  })

  test('is ended when its handler ends it, once, in the same turn', async () => {
    const { ended, response } = await gone()
    response.end('paid')
    expect(ended()).toBe(1)
    response.end()
    await turns()

    expect(ended()).toBe(1)
  })
})

type Writing = NodeJS.WritableStream & Endable

describe.each([
  ['HTTP', (handler?: (response: Writing) => void) => goneHttp1(false, handler)],
  ['HTTPS', (handler?: (response: Writing) => void) => goneHttp1(true, handler)],
  ['HTTP/2', goneCompat as (handler?: (response: Writing) => void) => Promise<Gone<Writing>>],
])('a response over %s whose client has gone', (_, gone) => {
  test('is ended when a source no longer pipes into it', async () => {
    const { ended } = await gone((response) => void endless().pipe(response))
    await turns()

    expect(ended()).toBe(1)
  })

  test('is ended when a pipeline into it has failed', async () => {
    let failure: unknown
    const { ended } = await gone((response) => {
      pipeline(endless(), response).catch((error: unknown) => {
        failure = error
      })
    })
    await until(() => failure !== undefined)

    expect(ended()).toBeGreaterThan(0)
  })
})

describe.each([
  ['HTTP', () => goneHttp1(false)],
  ['HTTPS', () => goneHttp1(true)],
  ['HTTP/2, as a stream', () => goneStream()],
])('a response over %s whose client has gone', (_, gone) => {
  test('is ended when its handler destroys it', async () => {
    const { ended, response } = (await gone()) as Gone<ServerResponse>
    response.destroy()

    expect(ended()).toBe(1)
  })
})

test('responses that wait for an earlier one are not ended by Node when their client leaves', async () => {
  const responses: ServerResponse[] = []
  const server = createServer((_, response) => void responses.push(response))
  const client = await connect(await listen(server))
  client.send(requestOf('/1') + requestOf('/2'))
  await until(() => responses.length === 2)
  const [first, second] = responses.map(watched) as [Gone<ServerResponse>, Gone<ServerResponse>]
  client.socket.destroy()
  await once(first.response, 'close')
  await turns()
  expect([first.ended(), second.ended()]).toEqual([0, 0])
  second.response.end()

  expect([first.ended(), second.ended()]).toEqual([0, 1])
})

test('the end of a response is noticed also where that throws', () => {
  const response = {
    end() {
      throw new Error('no')
    },
    once: () => {},
  }
  const { ended } = watched(response)

  expect(() => response.end()).toThrow('no')
  expect(ended()).toBe(1)
})

test('middleware that has replaced end() is called, with what it was given', () => {
  const calls: unknown[][] = []
  const response = {
    end(...given: unknown[]) {
      calls.push([this, ...given])
      return this
    },
    once: () => {},
  }
  const { ended } = watched(response as Endable)
  response.end('body', 'utf8')

  expect(calls).toEqual([[response, 'body', 'utf8']])
  expect(ended()).toBe(1)
})
