import type { Http2ServerResponse } from 'node:http2'
import { Client } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { serveHttp2, WAYS } from '../../support/http2-service.ts'
import { hookOf } from '../../support/service.ts'

// undici 7 itself fails the request that is running when a GOAWAY comes, whatever the frame says.
describe.each(WAYS.slice(1))('undici over %s', (_, options) => {
  test('has nothing refused and nothing reset, and everything that it sent is answered', async () => {
    const responses: Http2ServerResponse[] = []
    const codes: number[] = []
    const { port, server, shutdown } = await serveHttp2((request, response) => {
      expect(request.httpVersion).toBe('2.0')
      responses.push(response)
      setImmediate(() => response.end('ok'))
    }, options)
    server.on('session', (session) => {
      session.on('stream', (stream) => {
        stream.on('close', () => void codes.push(stream.rstCode))
      })
    })
    const client = new Client(`https://127.0.0.1:${port}`, {
      allowH2: true,
      connect: { rejectUnauthorized: false },
    })
    onTestFinished(() => client.destroy())
    let run: ReturnType<typeof shutdown.now> | undefined
    const statuses: number[] = []
    const ask = async (): Promise<void> => {
      const { statusCode, body } = await client.request({ path: '/', method: 'GET' })
      expect(await body.text()).toBe('ok')
      statuses.push(statusCode)
      if (statuses.length === 20) run = shutdown.now()
      return ask()
    }
    const error = await ask().catch((reason) => reason)

    expect(hookOf(await (run ?? Promise.reject(error)))).toMatchObject({
      status: 'done',
      notes: ['1 HTTP/2 session closed'],
    })
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(responses.every((response) => response.writableEnded)).toBe(true)
    expect(codes).toEqual(responses.map(() => 0))
    expect(responses.length - statuses.length).toBeLessThanOrEqual(1)
  })
})
