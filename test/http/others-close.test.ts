import { createServer, Server } from 'node:http'
import { createShutdown, type Shutdown } from 'lastcall'
import { describe, expect, test } from 'vitest'
import { httpServer } from '../../src/http/http-server.ts'
import type { AnyHttpServer } from '../../src/http/server.ts'
import { serveHttp2 } from '../support/http2-service.ts'
import {
  Gate,
  hookOf,
  listen,
  PollingClock,
  type ServiceOptions,
  serve,
  stoppedListening,
  until,
} from '../support/service.ts'

const noRequest = () => {}

type Options = Pick<ServiceOptions, 'clock' | 'lameDuck'>

/** A server of each kind in a shutdown of its own. */
const KINDS: [
  string,
  (options?: Options) => Promise<{ server: AnyHttpServer; shutdown: Shutdown }>,
][] = [
  ['http', (options) => serve(noRequest, options)],
  ['https', (options) => serve(noRequest, { ...options, secure: true })],
  ['http2', (options) => serveHttp2(noRequest, options)],
  ['http2 over TLS', (options) => serveHttp2(noRequest, { ...options, secure: true })],
]

/** What has happened, in its order. */
class Diary {
  readonly lines: string[] = []

  /** A callback of close() that says whether it got an error. */
  of(name: string) {
    return (error?: Error) => void this.lines.push(error ? `${name}: ${error.message}` : name)
  }
}

describe.each(KINDS)('close() of others on a server of %s', (_, serving) => {
  test('is held during the lame duck, and called back after the last hook', async () => {
    const clock = new PollingClock()
    const { server, shutdown } = await serving({ clock, lameDuck: '300ms' })
    const diary = new Diary()
    shutdown.on('start', () => {
      for (let n = 1; n <= 5; n++) expect(server.close(diary.of(`close ${n}`))).toBe(server)
    })
    shutdown.add({ name: 'pool', phase: 'close', run: diary.of('pool') as () => void })
    const over = shutdown.now()
    await clock.advance(299)
    expect(server.listening).toBe(true)
    await clock.advance(1)
    await stoppedListening({ server })
    await over
    await until(() => diary.lines.length > 1)
    const closes = [1, 2, 3, 4, 5].map((n) => `close ${n}`)
    expect(diary.lines.slice(1)).toEqual(closes)
  })

  test('is held where a hook calls it before the listener has closed', async () => {
    const { server, shutdown } = await serving()
    const diary = new Diary()
    const run = () => {
      server.close(diary.of('closed'))
      diary.lines.push(`listening: ${server.listening}`)
    }
    shutdown.add({ name: 'early', phase: 'announce', run })
    shutdown.on('hook:end', ({ hook }) => diary.lines.push(hook.name))
    shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
    await shutdown.now()
    const hooks = ['http:announce', 'early', 'http:unbind', 'closed', 'http', 'pool']
    expect(diary.lines).toEqual(['listening: true', ...hooks])
  })

  test('gives no error where a hook calls it after everything has closed', async () => {
    const { server, shutdown } = await serving()
    const diary = new Diary()
    const run = async () => {
      diary.lines.push(`listening: ${server.listening}`)
      await new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
      })
      await server[Symbol.asyncDispose]()
    }
    shutdown.add({ name: 'late', phase: 'stop', run })
    expect((await shutdown.now()).outcome).toBe('clean')
    expect(diary.lines).toEqual(['listening: false'])
  })

  test("is Node's after a shutdown", async () => {
    const { server, shutdown } = await serving()
    await shutdown.now()
    const closed = new Promise((resolve) => void server.close(resolve))
    expect(await closed).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' })
    server.listen(0)
    await until(() => server.listening)
    server.close()
    expect(server.listening).toBe(false)
  })
})

/** A service whose handler answers when the gate is open, and a client that it has not answered yet. */
async function busy(options: ServiceOptions = {}) {
  const gate = new Gate()
  const asked = new Gate()
  const service = await serve(async (_, response) => {
    asked.open()
    await gate.opened
    response.end('ok')
  }, options)
  const client = await service.connect()
  client.ask('/')
  await asked.opened
  return { ...service, client, answer: gate.open }
}

describe('a callback of close()', () => {
  test('that a hook gave is called when the last connection has ended', async () => {
    const { server, shutdown, client, answer } = await busy()
    const diary = new Diary()
    const run = async () => {
      await stoppedListening({ server })
      diary.lines.push('closes')
      await new Promise<void>((resolve) => void server.close(() => resolve()))
      diary.lines.push('closed')
    }
    shutdown.add({ name: 'beside', phase: 'drain', run })
    const over = shutdown.now()
    await until(() => diary.lines.length > 0)
    diary.lines.push('answered')
    answer()
    expect(await client.answer()).toMatchObject({ status: 200 })
    expect((await over).outcome).toBe('clean')
    expect(diary.lines).toEqual(['closes', 'answered', 'closed'])
  })

  test.each([1, 2])(
    'is called once, when the last hook of %i shutdowns has ended',
    async (count) => {
      const diary = new Diary()
      const server = createServer()
      const gate = new Gate()
      const shutdowns = Array.from({ length: count }, () => {
        const shutdown = createShutdown({ exit: false, log: false })
        shutdown.add(httpServer(server))
        const run = () => gate.opened.then(() => diary.lines.push('pool'))
        shutdown.add({ name: 'pool', phase: 'close', run })
        return shutdown
      })
      await listen(server)
      shutdowns[0]?.on('start', () => server.close(diary.of('closed')))
      const reports = shutdowns.map((shutdown) => shutdown.now())
      gate.open()
      // No hook takes the other's closing for one of other code.
      const hooks = (await Promise.all(reports)).map((report) => hookOf(report, 'http:unbind'))
      const notes = hooks.flatMap((hook) => hook?.notes ?? [])
      expect(notes).toEqual([])
      await until(() => diary.lines.includes('closed'))
      expect(diary.lines).toEqual([...shutdowns.map(() => 'pool'), 'closed'])
    },
  )

  test('of a server whose hooks are in no shutdown is called by Node, after the shutdown', async () => {
    const server = createServer()
    httpServer(server)
    await listen(server)
    const shutdown = createShutdown({ exit: false, log: false })
    const diary = new Diary()
    shutdown.on('start', () => server.close(diary.of('listener')))
    const run = () => void server.close(diary.of('hook'))
    shutdown.add({ name: 'work', phase: 'drain', run })
    const over = shutdown.now()
    expect(server.listening).toBe(true)
    await over
    expect(diary.lines).toEqual([])
    await until(() => diary.lines.length === 2)
    expect(server.listening).toBe(false)
    expect(diary.lines.sort()).toEqual(['hook', 'listener'])
  })

  test('is called where the drain is cut off', async () => {
    const { server, shutdown } = await busy({ timeout: 50 })
    const diary = new Diary()
    shutdown.on('start', () => server.close(diary.of('listener')))
    const run = () => void server.close(diary.of('hook'))
    shutdown.add({ name: 'beside', phase: 'drain', run })
    expect((await shutdown.now()).outcome).toBe('cut off')
    await until(() => diary.lines.length === 2)
    expect(diary.lines.sort()).toEqual(['hook', 'listener'])
  })
})

describe('a listener that other code has closed early', () => {
  const EARLY =
    'other code had closed the listener early: clients that connected since were refused'
  const WAYS: [string, (server: Server, shutdown: Shutdown) => void][] = [
    ['before the shutdown', (server) => void server.close()],
    [
      'during the shutdown, by a way that is not held',
      (server, shutdown) =>
        void shutdown.on('start', () => void Server.prototype.close.call(server)),
    ],
  ]

  test.each(WAYS)('is noted, and the drain goes on: %s', async (_, close) => {
    const { server, shutdown, client, answer } = await busy()
    close(server, shutdown)
    const over = shutdown.now()
    expect(server.listening).toBe(false)
    answer()
    expect(await client.answer()).toMatchObject({ status: 200, body: 'ok' })
    const report = await over
    expect(report.outcome).toBe('clean')
    expect(hookOf(report, 'http:unbind')?.notes).toEqual([EARLY])
  })

  test('is not noted where it never listened', async () => {
    const server = createServer()
    const shutdown = createShutdown({ exit: false, log: false })
    shutdown.add(httpServer(server))
    expect(hookOf(await shutdown.now(), 'http:unbind')?.notes).toEqual([])
  })
})
