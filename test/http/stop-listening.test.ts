import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect as connectPlainly } from 'node:net'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  account,
  connect,
  hookOf,
  PollingClock,
  serve,
  stoppedListening,
  until,
} from '../support/service.ts'

const later: RequestListener = (_, response) => void setImmediate(() => response.end('ok'))

/**
 * Clients that connect and send while this thread is blocked, so that all of them wait in the
 * kernel's queue when it returns.
 */
function queueUp(port: number, count: number, secure: boolean): Promise<string[]> {
  const ready = new SharedArrayBuffer(4)
  const left = new Int32Array(ready)
  left[0] = count
  const worker = new Worker(new URL('../support/clients/crowd.mjs', import.meta.url), {
    workerData: { port, count, secure, ready },
  })
  onTestFinished(async () => void (await worker.terminate()))
  const outcomes = once(worker, 'message').then(([message]) => message as string[])
  for (let now = count; now > 0; now = Atomics.load(left, 0)) Atomics.wait(left, 0, now)
  return outcomes
}

describe.each([
  ['http', false],
  ['https', true],
])('new connections over %s', (_, secure) => {
  test('are served during the lame duck, and refused after it', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(later, {
      secure,
      clock,
      lameDuck: '300ms',
    })
    const run = shutdown.now()
    await clock.advance(299)
    const client = await connect()
    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: false })
    await clock.advance(1)
    await stoppedListening({ server })

    await expect(connect()).rejects.toThrow('ECONNREFUSED')
    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: true })
    const report = await run
    expect(hookOf(report, 'http:unbind')?.notes).toEqual(['lame duck of 300 ms: the minimum'])
    expect(hookOf(report)).toMatchObject({ status: 'done', notes: [account(1, 1, 0)] })
  })

  test('are refused at once where there is no lame duck', async () => {
    const { connect, server, shutdown } = await serve(later, { secure })
    const run = shutdown.now()
    await stoppedListening({ server })

    await expect(connect()).rejects.toThrow('ECONNREFUSED')
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that wait to be accepted when the shutdown begins are all answered', async () => {
    const { port, shutdown } = await serve(later, { secure })
    const outcomes = queueUp(port, 100, secure)
    const run = shutdown.now()

    expect(await outcomes).toEqual(Array.from({ length: 100 }, () => 'answered'))
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('that are accepted while the server stops listening are answered, and the responses say close', async () => {
    const { connect, server, shutdown } = await serve(later, { secure, linger: '60s' })
    const clients = Promise.all(Array.from({ length: 30 }, () => connect()))
    const run = shutdown.now()
    await stoppedListening({ server })

    for (const client of await clients) {
      expect(await client.get('/')).toMatchObject({ status: 200, saysClose: true })
    }
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

describe('a server that stops listening', () => {
  test('has read what was sent on its last connections before a hook of drain begins', async () => {
    let handled = 0
    const { port, server, shutdown } = await serve((_, response) => {
      handled++
      response.end('ok')
    })
    let seen = {}
    const run = () => {
      seen = { listening: server.listening, handled }
    }
    // Such as hapi's stop(), which ends connections on which no request has begun.
    shutdown.add({ name: 'stop', phase: 'drain', run })
    const outcomes = queueUp(port, 20, false)
    const over = shutdown.now()

    expect(await outcomes).toEqual(Array.from({ length: 20 }, () => 'answered'))
    expect(seen).toEqual({ listening: false, handled: 20 })
    expect(await over).toMatchObject({ outcome: 'clean' })
  })

  test('accepts as before afterwards, and has no listener for connections left', async () => {
    const { server, shutdown } = await serve(later)
    const before = server.listeners('connection')
    expect(server).toMatchObject({ pauseOnConnect: false })
    await shutdown.now()

    expect(server).toMatchObject({ pauseOnConnect: false })
    expect(server.listeners('connection')).toEqual(before)
    expect(Object.keys(server)).not.toContain('closeIdleConnections')
  })

  test('keeps sockets paused that the application wants paused', async () => {
    const { connect, server, shutdown } = await serve(later, { linger: '20ms' })
    Object.assign(server, { pauseOnConnect: true })
    // Accepted while the server stops listening.
    const connecting = connect()
    const run = shutdown.now()
    const client = await connecting
    client.ask('/')

    await run
    expect(server).toMatchObject({ pauseOnConnect: true })
    expect(client.received).toBe('')
  })

  test('takes no new connection for the answer to the last one, where clients connect anew each time', async () => {
    const { port, server, shutdown } = await serve(later)
    let answers = 0
    // Connects, asks, and connects anew once it has its answer, until it is refused.
    const ask = async (): Promise<void> => {
      const client = await connect(port)
      await client.get('/', { headers: { Connection: 'close' } })
      answers++
      return ask()
    }
    const clients = Promise.allSettled(Array.from({ length: 5 }, ask))
    await until(() => answers > 20)
    let accepted = 0
    server.on('connection', () => accepted++)
    const run = shutdown.now()

    // Each is refused in the end, and none goes without an answer before.
    for (const client of await clients) {
      expect(client).toMatchObject({ reason: { code: 'ECONNREFUSED' } })
    }
    expect(accepted).toBeLessThanOrEqual(5)
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('stops in the end, though connections still wait to be accepted', async () => {
    const clock = new PollingClock()
    const { port, server, shutdown } = await serve(later, { clock, linger: 0 })
    let accepted = 0
    server.on('connection', () => {
      accepted++
      clock.block(1000)
    })
    const waiting = 50
    const run = shutdown.now()
    for (let knocks = 0; knocks < waiting; knocks++) {
      connectPlainly(port, '127.0.0.1')
        .on('error', () => {})
        .resume()
    }
    await stoppedListening({ server })

    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThan(waiting)
    await clock.advance(1000)
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})
