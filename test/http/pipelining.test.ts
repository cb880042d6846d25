import type { RequestListener, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { requestOf } from '../support/clients/raw-client.ts'
import {
  account,
  hookOf,
  PollingClock,
  serve,
  stoppedListening,
  until,
} from '../support/service.ts'

const PATHS = ['/1', '/2', '/3', '/4', '/5']

const atOnce: RequestListener = (request, response) => void response.end(request.url)
const later: RequestListener = (request, response) =>
  void setImmediate(() => response.end(request.url))

/** A service that answers only when a test says so. */
async function serveHeld(secure: boolean) {
  const held = new Map<string | undefined, ServerResponse>()
  const service = await serve((request, response) => void held.set(request.url, response), {
    secure,
    // Whatever is in flight for the whole of a test must not hold it up for longer.
    timeout: '5s',
  })
  const answer = (path: string) => held.get(path)?.end(path)
  return { ...service, held, answer }
}

describe.each([
  ['http', false],
  ['https', true],
])('pipelined requests over %s', (_, secure) => {
  test('answers all that came before the shutdown in their order, and says close with the last', async () => {
    const { answer, connect, held, server, shutdown } = await serveHeld(secure)
    const client = await connect()
    client.send(PATHS.map((path) => requestOf(path)).join(''))
    await until(() => held.size === 5)
    const run = shutdown.now()
    await stoppedListening({ server })
    for (const path of PATHS) answer(path)

    const answers = await client.answers(5)
    expect(answers.map(({ body }) => body)).toEqual(PATHS)
    expect(answers.map(({ saysClose }) => saysClose)).toEqual([false, false, false, false, true])
    expect(await client.ended()).toBe('FIN')
    expect(hookOf(await run)?.notes[0]).toBe(account(1, 1, 0))
  })

  test('answers all in their order where the last is ready first', async () => {
    const { answer, connect, held, server, shutdown } = await serveHeld(secure)
    const client = await connect()
    client.send(PATHS.map((path) => requestOf(path)).join(''))
    await until(() => held.size === 5)
    const run = shutdown.now()
    await stoppedListening({ server })
    for (const path of PATHS.toReversed()) answer(path)

    const answers = await client.answers(5)
    expect(answers.map(({ body }) => body)).toEqual(PATHS)
    expect(answers.map(({ saysClose }) => saysClose)).toEqual([false, false, false, false, true])
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test.each([
    ['later', later],
    ['at once', atOnce],
  ])(
    'answers all that were sent in the tick in which the shutdown began, by a handler that answers %s',
    async (_, handler) => {
      const { connect, shutdown } = await serve(handler, { secure })
      const client = await connect()
      client.send(PATHS.map((path) => requestOf(path)).join(''))
      const run = shutdown.now()

      const answers = await client.answers(5)
      expect(answers.map(({ body }) => body)).toEqual(PATHS)
      expect(await client.ended()).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
    },
  )

  test('answers all that come during the drain, and says close with the last', async () => {
    const { answer, connect, held, server, shutdown } = await serveHeld(secure)
    const client = await connect()
    client.ask('/1')
    await until(() => held.has('/1'))
    const run = shutdown.now()
    await stoppedListening({ server })
    client.send(requestOf('/2') + requestOf('/3'))
    await until(() => held.has('/3'))
    client.send(requestOf('/4') + requestOf('/5'))
    await until(() => held.has('/5'))
    for (const path of PATHS) answer(path)

    const answers = await client.answers(5)
    expect(answers.map(({ body }) => body)).toEqual(PATHS)
    expect(answers.map(({ saysClose }) => saysClose)).toEqual([false, false, false, false, true])
    expect(await client.ended()).toBe('FIN')
    expect(hookOf(await run)?.notes[0]).toBe(account(1, 1, 0))
  })

  test('answers all that come during the drain in one go, by a handler that answers at once', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(atOnce, { secure, clock })
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    client.send(PATHS.map((path) => requestOf(path)).join(''))

    // Whether more of them follow may not be known while they are read: only the last may say it.
    const answers = await client.answers(5)
    expect(answers.map(({ body }) => body)).toEqual(PATHS)
    expect(answers.slice(0, 4).some(({ saysClose }) => saysClose)).toBe(false)
    await clock.advance(1000)
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test.each([1, 5])(
    'says close to a client that goes on sending %i in one go by the second time, where handlers answer at once',
    async (count) => {
      // Time stands still: no client is ever silent.
      const clock = new PollingClock()
      const { connect, server, shutdown } = await serve(atOnce, { secure, clock })
      const client = await connect()
      const run = shutdown.now()
      await stoppedListening({ server })
      const paths = PATHS.slice(0, count)
      const times: boolean[][] = []
      do {
        client.send(paths.map((path) => requestOf(path)).join(''))
        times.push((await client.answers(count)).map(({ saysClose }) => saysClose))
      } while (!times.flat().includes(true))

      expect(times.length).toBeLessThanOrEqual(2)
      expect(times.flat().indexOf(true)).toBe(times.flat().length - 1)
      expect(await client.ended()).toBe('FIN')
      expect(await run).toMatchObject({ outcome: 'clean' })
    },
  )

  test('answers all that come in one go after one that came alone, by a handler that answers at once', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(atOnce, { secure, clock })
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })
    // Answered before its body has come, so that it can not say close.
    client.ask('/0', { method: 'POST', headers: { 'Content-Length': '4' } })
    expect(await client.answer()).toMatchObject({ body: '/0', saysClose: false })
    client.send(`body${PATHS.map((path) => requestOf(path)).join('')}`)

    const answers = await client.answers(5)
    expect(answers.map(({ body }) => body)).toEqual(PATHS)
    expect(answers.slice(0, 4).some(({ saysClose }) => saysClose)).toBe(false)
    await clock.advance(1000)
    expect(await client.ended()).toBe('FIN')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('works on no request that comes after the answer that says close', async () => {
    const { answer, connect, held, server, shutdown } = await serveHeld(secure)
    const client = await connect()
    client.ask('/1')
    await until(() => held.has('/1'))
    const run = shutdown.now()
    await stoppedListening({ server })
    held.get('/1')?.writeHead(200, { 'Content-Length': 2 }).flushHeaders()
    await client.has('\r\n\r\n')
    client.ask('/2')
    const { socket } = held.get('/1')?.req ?? {}
    const before = requestOf('/1').length
    await until(() => (socket?.bytesRead ?? 0) > before)
    answer('/1')

    expect(await client.answer()).toMatchObject({ body: '/1', saysClose: true })
    await run
    expect([...held.keys()]).toEqual(['/1'])
  })

  test('has an answer that says close arrive in full, whatever crosses it', async () => {
    const size = 1_000_000
    const { connect, held, server, shutdown } = await serveHeld(secure)
    const client = await connect()
    client.ask('/1')
    await until(() => held.has('/1'))
    const run = shutdown.now()
    await stoppedListening({ server })
    client.socket.pause()
    const response = held.get('/1')
    response?.end('x'.repeat(size))
    await until(() => response?.closed === true)
    client.ask('/2')
    await until(() => client.socket.bytesWritten > requestOf('/1').length)
    client.socket.resume()

    const { body, saysClose } = await client.answer()
    expect(saysClose).toBe(true)
    expect(body).toHaveLength(size)
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})
