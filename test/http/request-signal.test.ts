import { addAbortListener } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import { createShutdown } from 'lastcall'
import { httpServer, requestSignal, type SignalledRequest } from 'lastcall/http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectionOf } from '../../src/http/http1/connections.ts'
import { requestSignal as fromSource } from '../../src/http/request-signal.ts'
import { requestOf } from '../support/clients/raw-client.ts'
import {
  account,
  connect,
  Gate,
  hookOf,
  listen,
  PollingClock,
  serve,
  stoppedListening,
  until,
} from '../support/service.ts'

const LAST_EVENT = 'event: leaving\ndata: reconnect\n\n'

/** Server-sent events, with a last one. */
const events: RequestListener = (request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  response.write('data: hello\n\n')
  addAbortListener(requestSignal(request), () => void response.end(LAST_EVENT))
}

/** Answers when there is news, or when its signal aborts. */
const longPoll: RequestListener = (request, response) => {
  addAbortListener(requestSignal(request), () => void response.writeHead(204).end())
}

function quietShutdown() {
  return createShutdown({ exit: false, grace: '10s', log: false })
}

describe.each([
  ['http', false],
  ['https', true],
])('requests that would never end by themselves over %s', (_, secure) => {
  test('end with a last event where they are streams of events', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(events, { secure, clock })
    const client = await connect()
    client.ask('/events')
    await client.has('data: hello')
    const run = shutdown.now()

    expect(await client.answer()).toMatchObject({
      status: 200,
      body: `data: hello\n\n${LAST_EVENT}`,
    })
    await stoppedListening({ server })
    // The head was written before, so it can not say close.
    await clock.advance(250)
    expect(await client.ended()).toBe('FIN')
    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(1, 0, 1)] })
  })

  test('are answered where they are long polls, with `Connection: close`', async () => {
    const { connect, shutdown } = await serve(longPoll, { secure })
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect()))
    for (const client of clients) client.ask('/news')
    const run = shutdown.now()

    for (const client of clients) {
      expect(await client.answer()).toMatchObject({ status: 204, saysClose: true })
      expect(await client.ended()).toBe('FIN')
    }
    expect(hookOf(await run)).toMatchObject({ status: 'done', notes: [account(20, 20, 0)] })
  })

  test('end with a last event where they are streams of events that a client asks for during the drain', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(events, { secure, clock })
    const client = await connect()
    const run = shutdown.now()
    await stoppedListening({ server })

    expect(await client.get('/events')).toMatchObject({
      body: `data: hello\n\n${LAST_EVENT}`,
      saysClose: true,
    })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('all abort where they are pipelined, and are answered in their order', async () => {
    const waiting: ServerResponse[] = []
    const { connect, shutdown } = await serve(
      (request, response) => {
        waiting.push(response)
        requestSignal(request).addEventListener('abort', () => response.end(request.url))
      },
      { secure },
    )
    const client = await connect()
    client.send(requestOf('/1') + requestOf('/2') + requestOf('/3'))
    await until(() => waiting.length === 3)
    const run = shutdown.now()

    const answers = await client.answers(3)
    expect(answers.map(({ body, saysClose }) => [body, saysClose])).toEqual([
      ['/1', false],
      ['/2', false],
      ['/3', true],
    ])
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('are cut off at the limit where they do not heed it, and named without their query', async () => {
    const aborted = new Gate()
    const { connect, shutdown } = await serve(
      (request, response) => {
        response.writeHead(200).write('data: hello\n\n')
        requestSignal(request).addEventListener('abort', aborted.open)
      },
      { secure, timeout: '200ms' },
    )
    const client = await connect()
    client.ask('/events?token=secret')
    await client.has('data: hello')
    const report = await shutdown.now()
    await aborted.opened

    expect(report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    expect(hookOf(report)?.notes).toEqual([
      expect.stringMatching(/^cut off: GET \/events, \d+ ms old, from 127\.0\.0\.1$/),
    ])
    expect(JSON.stringify(report)).not.toContain('secret')
    await client.closed()
  })
})

describe('the signal of a request', () => {
  test('aborts once the drain has stopped listening, and not in the lame duck', async () => {
    const clock = new PollingClock()
    const seen: { signal: AbortSignal; listening?: boolean }[] = []
    const { connect, server, shutdown } = await serve(
      (request, response) => {
        const signal = requestSignal(request)
        const one: (typeof seen)[number] = { signal }
        seen.push(one)
        signal.addEventListener('abort', () => {
          one.listening = server.listening
          response.end()
        })
      },
      { clock, lameDuck: '2s' },
    )
    const clients = [await connect(), await connect()]
    clients[0]?.ask('/before')
    await until(() => seen.length === 1)
    const run = shutdown.now()
    await until(() => clock.pending > 0)
    clients[1]?.ask('/during')
    await until(() => seen.length === 2)
    await clock.advance(1999)
    expect(seen.map(({ signal }) => signal.aborted)).toEqual([false, false])
    await clock.advance(1)
    await run

    expect(seen.map(({ signal }) => signal.aborted)).toEqual([true, true])
    expect(seen.map(({ listening }) => listening)).toEqual([false, false])
  })

  test('aborts with an AbortError that says why', async () => {
    const signals: AbortSignal[] = []
    const { connect, shutdown } = await serve((request, response) => {
      const signal = requestSignal(request)
      signals.push(signal)
      signal.addEventListener('abort', () => response.end())
    })
    const client = await connect()
    client.ask('/')
    await until(() => signals.length === 1)
    await shutdown.now()

    expect(signals[0]?.reason).toMatchObject({
      name: 'AbortError',
      code: 'LASTCALL_SHUTTING_DOWN',
      message: 'The server is shutting down: the request should come to its end',
    })
  })

  test('is aborted from the start for a request that comes later', async () => {
    const clock = new PollingClock()
    const { connect, server, shutdown } = await serve(
      (request, response) => {
        const { aborted, reason } = requestSignal(request)
        response.end(aborted ? reason.name : 'to be waited for')
      },
      { clock },
    )
    const client = await connect()
    expect(await client.get('/')).toMatchObject({ body: 'to be waited for' })
    const run = shutdown.now()
    await stoppedListening({ server })

    expect(await client.get('/')).toMatchObject({ body: 'AbortError', saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('does not abort for a request that was answered before', async () => {
    const signals: AbortSignal[] = []
    const { connect, shutdown } = await serve((request, response) => {
      signals.push(requestSignal(request))
      response.end('ok')
    })
    const client = await connect()
    await client.get('/')
    await shutdown.now()

    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test('does not abort for a request whose client has gone away', async () => {
    const signals: AbortSignal[] = []
    let answer: ServerResponse | undefined
    const { connect, shutdown } = await serve((request, response) => {
      answer = response
      signals.push(requestSignal(request))
    })
    const client = await connect()
    client.ask('/')
    await until(() => signals.length === 1)
    client.socket.destroy()
    await until(() => answer?.closed === true)
    await shutdown.now()

    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test('is one and the same for the same request, however it is wrapped', async () => {
    const same: boolean[] = []
    const { connect } = await serve((request, response) => {
      const signal = requestSignal(request)
      same.push(
        requestSignal(request) === signal,
        requestSignal({ raw: request }) === signal,
        requestSignal({ req: request }) === signal,
      )
      response.end('ok')
    })
    await (await connect()).get('/')

    expect(same).toEqual([true, true, true])
  })

  test('differs for another request of the same connection', async () => {
    const signals = new Set<AbortSignal>()
    const { connect } = await serve((request, response) => {
      signals.add(requestSignal(request))
      response.end('ok')
    })
    const client = await connect()
    await client.get('/')
    await client.get('/')

    expect(signals.size).toBe(2)
  })

  test('does not keep another one from its abort where a listener throws', async () => {
    const thrown: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    })
    const { connect, shutdown } = await serve((request, response) => {
      requestSignal(request).addEventListener('abort', () => {
        response.end('ok')
        if (request.url === '/bad') throw new Error('boom')
      })
    })
    const [bad, good] = [await connect(), await connect()]
    bad.ask('/bad')
    good.ask('/good')
    const run = shutdown.now()

    expect(await bad.answer()).toMatchObject({ body: 'ok' })
    expect(await good.answer()).toMatchObject({ body: 'ok' })
    expect(await run).toMatchObject({ outcome: 'clean' })
    expect(thrown).toMatchObject([{ message: 'boom' }])
  })
})

describe('the signals of requests', () => {
  test('leave nothing behind on a connection that is kept alive', async () => {
    let request: IncomingMessage | undefined
    const { connect } = await serve((asked, response) => {
      request = asked
      // By the source, for what it keeps is looked at.
      fromSource(asked)
      response.end('ok')
    })
    const client = await connect()
    for (let count = 0; count < 100; count++) await client.get('/')
    const known = request && connectionOf(request.socket)
    await until(() => known?.inFlight === 0)

    expect(known).toBeDefined()
    expect(known?.aborters?.size ?? 0).toBe(0)
  })

  test('leave nothing behind where a handler asks for one after the answer', async () => {
    const answered: IncomingMessage[] = []
    const { connect } = await serve((asked, response) => {
      response.on('close', () => {
        fromSource(asked)
        answered.push(asked)
      })
      response.end('ok')
    })
    const client = await connect()
    for (let count = 0; count < 3; count++) {
      await client.get('/')
      await until(() => answered.length === count + 1)
    }
    const [first] = answered

    const known = first && connectionOf(first.socket)
    expect(known).toBeDefined()
    expect(known?.aborters?.size ?? 0).toBe(0)
  })

  describe('on a connection that always has a request in flight', () => {
    const COUNT = 1000

    /** Answers a request when the next one has come. `onAnswered` is called after each answer. */
    async function pipeline(
      onRequest: (request: IncomingMessage) => void,
      onAnswered: (request: IncomingMessage) => void = () => {},
    ) {
      const unanswered: [IncomingMessage, ServerResponse][] = []
      const { connect } = await serve((request, response) => {
        response.on('close', () => onAnswered(request))
        onRequest(request)
        const [, before] = unanswered.shift() ?? []
        before?.end('ok')
        unanswered.push([request, response])
      })
      const client = await connect()
      client.ask('/')
      for (let count = 0; count < COUNT; count++) await client.get('/')
      const connection = connectionOf(unanswered[0]?.[0].socket ?? null)
      return { connection, answerLast: () => unanswered.shift()?.[1].end('ok') }
    }

    test('are kept only for the requests in flight', async () => {
      const counts: number[] = []
      const { connection } = await pipeline((request) => {
        fromSource(request)
        counts.push(connectionOf(request.socket)?.aborters?.size ?? 0)
      })

      // One that waits for the next, and that next one.
      expect(counts.length).toBe(COUNT + 1)
      expect(Math.max(...counts)).toBe(2)
      expect(connection).toMatchObject({ inFlight: 1, aborters: { size: 1 }, earlier: { size: 0 } })
    })

    test('are not kept where a handler asks for one after the answer', async () => {
      let answered = 0
      const { connection } = await pipeline(
        () => {},
        (request) => {
          fromSource(request)
          answered++
        },
      )
      await until(() => answered === COUNT)

      expect(connection?.inFlight).toBe(1)
      expect(connection?.aborters?.size ?? 0).toBe(0)
    })

    test('keep no request that is answered', async () => {
      setFlagsFromString('--expose-gc')
      const collect: () => void = runInNewContext('gc')
      const requests: WeakRef<IncomingMessage>[] = []
      const { connection, answerLast } = await pipeline((request) => {
        fromSource(request)
        requests.push(new WeakRef(request))
      })
      collect()

      const kept = requests.filter((request) => request.deref() !== undefined)
      expect(connection?.inFlight).toBe(1)
      // The one in flight, and those that Node has not let go of yet.
      expect(kept.length).toBeLessThan(COUNT / 10)
      answerLast()
    })
  })

  test('cost nothing where no handler asks for one', async () => {
    let request: IncomingMessage | undefined
    const { connect } = await serve((asked, response) => {
      request = asked
      response.end('ok')
    })
    await (await connect()).get('/')

    expect(request && connectionOf(request.socket)?.aborters).toBeUndefined()
  })

  test('do not abort from the start where the server was started again after a drain', async () => {
    const server = createServer((request, response) => {
      response.end(String(requestSignal(request).aborted))
    })
    const first = quietShutdown()
    first.add(httpServer(server))
    await listen(server)
    await first.now()
    const second = quietShutdown()
    second.add(httpServer(server))
    const client = await connect(await listen(server))

    expect(await client.get('/')).toMatchObject({ body: 'false' })
    await second.now()
  })
})

describe('requestSignal() in a framework', () => {
  test('takes the request of Express', async () => {
    const app = express()
    app.get('/events', (request, response) => {
      response.write('data: hello\n\n')
      requestSignal(request).addEventListener('abort', () => void response.end(LAST_EVENT))
    })
    const { connect, shutdown } = await serve(app)
    const client = await connect()
    client.ask('/events')
    await client.has('data: hello')
    const run = shutdown.now()

    expect(await client.answer()).toMatchObject({ body: `data: hello\n\n${LAST_EVENT}` })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test("takes Fastify's, or its raw", async () => {
    const app = fastify()
    onTestFinished(() => void app.close())
    const shutdown = quietShutdown()
    shutdown.add(httpServer(app.server))
    const begun = new Gate()
    app.get('/news', async (request) => {
      const signal = requestSignal(request)
      begun.open()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { none: requestSignal(request.raw) === signal }
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const client = await connect((app.server.address() as { port: number }).port)
    client.ask('/news')
    await begun.opened
    const run = shutdown.now()

    expect(await client.answer()).toMatchObject({ body: '{"none":true}', saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test("takes Koa's context, or its req", async () => {
    const app = new Koa()
    const begun = new Gate()
    app.use(async (context) => {
      const signal = requestSignal(context)
      begun.open()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      context.body = { none: requestSignal(context.req) === signal }
    })
    const { connect, shutdown } = await serve(app.callback())
    const client = await connect()
    client.ask('/news')
    await begun.opened
    const run = shutdown.now()

    expect(await client.answer()).toMatchObject({ body: '{"none":true}', saysClose: true })
    expect(await run).toMatchObject({ outcome: 'clean' })
  })
})

describe('the signal of a request whose server was not passed to httpServer()', () => {
  test('never aborts', async () => {
    const signals: AbortSignal[] = []
    const gate = new Gate()
    const server = createServer(async (request, response) => {
      signals.push(requestSignal(request))
      await gate.opened
      response.end('ok')
    })
    const client = await connect(await listen(server))
    const { shutdown } = await serve((_, response) => response.end())
    client.ask('/')
    await until(() => signals.length === 1)
    await shutdown.now()
    gate.open()

    expect(await client.answer()).toMatchObject({ body: 'ok', saysClose: false })
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test('never aborts for a request that Fastify injects, also where the server is drained', async () => {
    const app = fastify()
    onTestFinished(() => void app.close())
    const shutdown = quietShutdown()
    shutdown.add(httpServer(app.server))
    app.get('/', async (request) => ({ aborted: requestSignal(request).aborted }))
    await shutdown.now()
    const answer = await app.inject('/')

    expect(answer.json()).toEqual({ aborted: false })
  })
})

describe('requestSignal() refuses what is not a request, and says what to pass', () => {
  test.each([
    ['nothing', undefined, 'got undefined'],
    ['null', null, 'got null'],
    ['a path', '/events', "got '/events' (string)"],
    ['a number', 5, 'got 5 (number)'],
    ['an object', {}, 'got an object (Object)'],
    ['a Request of fetch', new Request('http://localhost/'), 'got an object (Request)'],
    ['a wrapper of none', { raw: null }, 'got an object (Object)'],
    ["a wrapper of fetch's", { req: new Request('http://localhost/') }, 'got an object (Object)'],
    ['a server', createServer(), 'got an object (Server)'],
  ])('%s', (_, given, value) => {
    expect(() => requestSignal(given as unknown as SignalledRequest)).toThrow(
      expect.objectContaining({
        name: 'LastcallError',
        code: 'LASTCALL_INVALID_OPTION',
        message: `requestSignal(): Expected \`request\` to be the request that a handler is given, ${value}. Pass the first argument of the handler.`,
      }),
    )
  })
})
