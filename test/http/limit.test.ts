import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { contextOf } from '../support/hooks/context.ts'
import { wholeHook } from '../support/hooks/run-hook.ts'
import {
  connect,
  expectSharedTimeout,
  hookOf,
  listen,
  PollingClock,
  serve,
  until,
} from '../support/service.ts'

/** Never answers. */
const never: RequestListener = () => {}

describe.each([
  ['http', false],
  ['https', true],
])('a drain that comes to its limit over %s', (_, secure) => {
  test('cuts off what is in flight, names it without its query, and lets the next phase run', async () => {
    const seen: (string | undefined)[] = []
    const { connect, shutdown } = await serve((request) => void seen.push(request.url), {
      secure,
      timeout: '200ms',
    })
    const flushed: string[] = []
    shutdown.add({ name: 'events', phase: 'flush', run: () => void flushed.push('events') })
    const clients = [await connect(), await connect()]
    clients[0]?.ask('/orders?token=secret')
    clients[1]?.ask('/reports/7', { method: 'DELETE' })
    await until(() => seen.length === 2)

    const report = await shutdown.now()

    expect(report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    expect(hookOf(report)).toMatchObject({
      status: 'cut off',
      error: { name: 'TimeoutError' },
      notes: [
        expect.stringMatching(/^cut off: GET \/orders, \d+ ms old, from 127\.0\.0\.1$/),
        expect.stringMatching(/^cut off: DELETE \/reports\/7, \d+ ms old, from 127\.0\.0\.1$/),
      ],
    })
    expectSharedTimeout(report, 200)
    expect(JSON.stringify(report)).not.toContain('secret')
    expect(hookOf(report, 'events')).toMatchObject({ status: 'done' })
    expect(flushed).toEqual(['events'])
    for (const client of clients) expect(await client.ended()).toBeDefined()
  })

  test('names no secret of a target, and cuts a long one', async () => {
    const targets = [
      'http://user:secret@example.com/x?secret#access_token=secret',
      '/x#access_token=secret',
      `/${'a'.repeat(1000)}`,
    ]
    let seen = 0
    const { connect, shutdown } = await serve(() => void seen++, { secure, timeout: '200ms' })
    for (const target of targets) {
      const client = await connect()
      client.ask(target)
      await until(() => seen === targets.indexOf(target) + 1)
    }

    const notes = hookOf(await shutdown.now())?.notes.map((note) => note.split(', ', 1)[0])
    expect(notes).toEqual([
      'cut off: GET http://example.com/x',
      'cut off: GET /x',
      `cut off: GET /${'a'.repeat(198)}…`,
    ])
  })

  test('names the newest of a pipeline, and how many were before it', async () => {
    const seen: (string | undefined)[] = []
    const { connect, shutdown } = await serve((request) => void seen.push(request.url), {
      secure,
      timeout: '200ms',
    })
    const client = await connect()
    for (const path of ['/1', '/2', '/3']) client.ask(path)
    await until(() => seen.length === 3)

    expect(hookOf(await shutdown.now())?.notes).toEqual([
      expect.stringMatching(/^cut off: GET \/3, \d+ ms old and 2 before it, from 127\.0\.0\.1$/),
    ])
    await client.closed()
  })

  test('names ten requests, and counts the others', async () => {
    const seen: (string | undefined)[] = []
    const { connect, shutdown } = await serve((request) => void seen.push(request.url), {
      secure,
      timeout: '200ms',
    })
    const clients = await Promise.all(Array.from({ length: 13 }, () => connect()))
    for (const [index, client] of clients.entries()) client.ask(`/${index}`)
    await until(() => seen.length === 13)

    const notes = hookOf(await shutdown.now())?.notes
    expect(notes).toHaveLength(11)
    expect(notes?.at(-1)).toBe('cut off: 3 requests more')
    await Promise.all(clients.map((client) => client.closed()))
  })

  test('ends connections whose clients keep their side open', async () => {
    const { connect, server, shutdown } = await serve(never, { secure, timeout: '200ms' })
    const client = await connect({ halfOpen: true })
    client.ask('/')
    await shutdown.now()

    expect(await client.ended()).toBeDefined()
    expect(client.socket.writableEnded).toBe(false)
    expect(await openConnections(server)).toBe(0)
  })
})

describe('a limit that comes early', () => {
  test('during the lame duck ends what is in flight, and names it', async () => {
    const clock = new PollingClock()
    const responses: ServerResponse[] = []
    const server = createServer((_, response) => void responses.push(response))
    const hook = wholeHook(server, { lameDuck: '5s' }, clock)
    const client = await connect(await listen(server))
    client.ask('/slow')
    await until(() => responses.length === 1)
    const { context, abort, notes } = contextOf({ clock })
    void hook.run(context)
    await clock.advance(100)
    abort()

    expect(await client.ended()).toBeDefined()
    expect(server.listening).toBe(false)
    expect(notes).toContainEqual(expect.stringMatching(/^cut off: GET \/slow/))
  })

  test('while the server stops listening ends what is in flight, and names it', async () => {
    const clock = new PollingClock()
    const responses: ServerResponse[] = []
    const server = createServer((_, response) => void responses.push(response))
    const hook = wholeHook(server, {}, clock)
    const client = await connect(await listen(server))
    client.ask('/slow')
    await until(() => responses.length === 1)
    const { context, abort, notes } = contextOf({ clock })
    vi.spyOn(clock, 'afterPoll').mockImplementationOnce((run) => {
      abort()
      setImmediate(run)
    })
    void hook.run(context)

    expect(await client.ended()).toBeDefined()
    expect(server.listening).toBe(false)
    expect(notes).toEqual([expect.stringMatching(/^cut off: GET \/slow/)])
  })
})

function openConnections(server: Server): Promise<number> {
  return new Promise((resolve) => void server.getConnections((_, count) => resolve(count)))
}
