import { once } from 'node:events'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { responseOfStream } from '../../../src/http/node/response-of-stream.ts'
import { connectRaw, http2Server, listenHttp2, WAYS } from '../../support/http2-service.ts'

describe.each(WAYS)('a stream of a server over %s', (_, { secure = false, server: options }) => {
  test('is found with its response, before a handler has it and when its client has gone', async () => {
    const early: (Http2ServerResponse | undefined)[] = []
    const late: (Http2ServerResponse | undefined)[] = []
    const server = http2Server(() => {}, secure, options)
    server.on('session', (session) => {
      session.prependListener('stream', (stream: ServerHttp2Stream) => {
        stream.on('close', () => late.push(responseOfStream(stream)))
        queueMicrotask(() => early.push(responseOfStream(stream)))
      })
    })
    const asked = once(server, 'request') as Promise<[Http2ServerRequest, Http2ServerResponse]>
    const client = await connectRaw(await listenHttp2(server), { secure })
    const id = client.ask('/pay', { method: 'POST' })
    const [{ stream }, response] = await asked
    expect(responseOfStream(stream)).toBe(response)
    const closed = once(stream, 'close')
    client.reset(id)
    await closed

    expect(early).toEqual([response])
    expect(late).toEqual([response])
    // The client's reset does not end it.
    expect(response.writableEnded).toBe(false)
  })

  test('has none where the handler uses the stream itself', async () => {
    const server = http2Server(undefined, secure, options)
    const asked = once(server, 'stream') as Promise<[ServerHttp2Stream]>
    const client = await connectRaw(await listenHttp2(server), { secure })
    client.ask('/pay', { method: 'POST' })
    const [stream] = await asked

    expect(responseOfStream(stream)).toBeUndefined()
  })
})
