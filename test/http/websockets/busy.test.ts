import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { webSocketServer } from 'lastcall/http'
import { describe, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { closedNote, GOING_AWAY, serveWebSockets } from '../../support/clients/web-sockets.ts'
import { runHook } from '../../support/hooks/run-hook.ts'
import { hookOf, PollingClock, until } from '../../support/service.ts'

/** A server that tells by the path whether a WebSocket is busy: `/move` is, until the test says otherwise. */
async function serveMoves(options: Parameters<typeof serveWebSockets>[0] = {}) {
  const clock = new PollingClock()
  const paths = new WeakMap<object, string | undefined>()
  const busy = new Set(['/move'])
  const asked: string[] = []
  const service = await serveWebSockets({
    clock,
    busy: (socket) => {
      const path = paths.get(socket) ?? ''
      asked.push(path)
      return busy.has(path)
    },
    ...options,
  })
  service.sockets.on('connection', (socket, { url }) => paths.set(socket, url))
  return { ...service, clock, asked, busy }
}

function isClosing({ readyState, OPEN }: WebSocket): boolean {
  return readyState !== OPEN
}

/** Lets a message go both ways: everything that was sent before it has come. */
async function echo(socket: WebSocket): Promise<void> {
  socket.ping()
  await once(socket, 'pong')
}

describe('a busy WebSocket', () => {
  test('goes on, and is closed when it is not busy any more; the others are closed at once', async () => {
    const { busy, clock, hook, open, sockets } = await serveMoves()
    const [move, other] = [await open('/move'), await open('/chat')]
    const heard: string[] = []
    for (const socket of sockets.clients) socket.on('message', (data) => heard.push(`${data}`))
    const { notes, over } = runHook(hook, { clock })
    expect(await other.closed).toEqual(GOING_AWAY)
    await until(() => sockets.clients.size === 1)
    await clock.advance(3000)
    move.socket.send('the second half')
    await echo(move.socket)
    expect(heard).toEqual(['the second half'])

    busy.clear()
    await clock.advance(50)
    expect(await move.closed).toEqual(GOING_AWAY)
    await over
    expect(notes).toEqual([closedNote(2, 2)])
    expect(clock.pending).toBe(0)
  })

  test('is asked about when its batch comes, and then each 50 ms', async () => {
    const { asked, busy, clock, hook, open, sockets } = await serveMoves({ batchSize: 1 })
    const clients = [await open('/chat'), await open('/move'), await open('/news')]
    const { over } = runHook(hook, { clock })
    await until(() => sockets.clients.size === 2)
    // When it is to be closed, and when it has closed: a message may have crossed the close.
    expect(asked.splice(0)).toEqual(['/chat', '/chat'])
    await clock.advance(99)
    expect(asked).toEqual([])
    await clock.advance(1)
    // A busy WebSocket leaves its place in the batch to the next one.
    await until(() => sockets.clients.size === 1)
    expect(asked.splice(0)).toEqual(['/move', '/news', '/news'])
    await clock.advance(150)
    expect(asked.splice(0)).toEqual(['/move', '/move', '/move'])

    busy.clear()
    await clock.advance(50)
    await Promise.all([over, ...clients.map(({ closed }) => closed)])
    expect(asked).toEqual(['/move', '/move', '/move'])
  })

  test('is not asked about before the shutdown', async () => {
    const { asked, open, sockets } = await serveMoves()
    const clients = [await open('/move'), await open('/move')]
    clients[0]?.socket.close()
    await until(() => sockets.clients.size === 1)

    expect(asked).toEqual([])
  })

  test('is closed at the pace of the batches where many are free at the same time', async () => {
    const { busy, clock, hook, open, sockets } = await serveMoves({ batchSize: 1 })
    const clients = [await open('/move'), await open('/move'), await open('/move')]
    const all = [...sockets.clients]
    const closed = () => all.filter(isClosing).length
    const { over } = runHook(hook, { clock })
    await clock.advance(1000)
    busy.clear()
    await clock.advance(50)
    expect(closed()).toBe(1)
    await clock.advance(99)
    expect(closed()).toBe(1)
    await clock.advance(1)
    expect(closed()).toBe(2)
    await clock.advance(100)
    expect(closed()).toBe(3)

    for (const { closed } of clients) expect(await closed).toEqual(GOING_AWAY)
    await over
  })

  test('whose client closes it is not closed again', async () => {
    const { busy, clock, hook, open, sockets } = await serveMoves()
    const { closed, socket } = await open('/move')
    const { notes, over } = runHook(hook, { clock })
    await until(() => clock.pending > 1)
    busy.clear()
    socket.close(4000)
    await over

    expect((await closed).code).toBe(4000)
    expect(sockets.clients.size).toBe(0)
    expect(notes).toEqual([])
  })

  test('is not asked about when it opens late: the application does not know it yet', async () => {
    const { asked, busy, clock, hook, open } = await serveMoves()
    const first = await open('/move')
    const { over } = runHook(hook, { clock })
    await until(() => asked.length > 0)
    const late = await open('/late')
    expect(await late.closed).toEqual(GOING_AWAY)
    busy.clear()
    await clock.advance(50)

    expect(await first.closed).toEqual(GOING_AWAY)
    await over
    expect(asked).not.toContain('')
  })
})

describe('a WebSocket that is busy for good', () => {
  test('is cut off at the limit and named; the code is 124, and the next phase runs', async () => {
    const { open, shutdown } = await serveWebSockets({ timeout: '250ms', busy: () => true })
    const { closed } = await open('/move?token=secret')
    const flushed: string[] = []
    shutdown.add({ name: 'events', phase: 'flush', run: () => void flushed.push('events') })
    const report = await shutdown.now()

    expect(report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    expect(flushed).toEqual(['events'])
    expect(hookOf(report, 'websockets')).toMatchObject({
      status: 'cut off',
      notes: [
        expect.stringMatching(
          /^cut off: WebSocket GET \/move, busy, \d+ ms old, from 127\.0\.0\.1$/,
        ),
      ],
    })
    expect((await closed).code).toBe(1006)
  })

  test('is named before those that got no close yet and those that have not answered', async () => {
    const { asked, clock, hook, open, sockets } = await serveMoves({ batchSize: 1 })
    const clients = [await open('/chat'), await open('/move'), await open('/news')]
    const [chat] = sockets.clients
    clients[0]?.socket.pause()
    const { abort, notes, over } = runHook(hook, { clock })
    await until(() => asked.length > 0)
    expect(chat?.readyState).toBe(chat?.CLOSING)
    abort()
    await over

    expect(notes).toEqual(
      ['/move, busy', '/news', '/chat'].map(
        (path) => `cut off: WebSocket GET ${path}, 0 ms old, from 127.0.0.1`,
      ),
    )
  })

  test('does not keep clients that are asleep from being ended just before the limit', async () => {
    const { clock, hook, open } = await serveMoves({ stragglers: '20s' })
    const [move, chat] = [await open('/move'), await open('/chat')]
    chat.socket.pause()
    const { abort, notes, over } = runHook(hook, { clock, limit: 9000 })
    await clock.advance(8900)
    abort()
    await over

    expect(notes).toEqual([
      'cut off: WebSocket GET /move, busy, 8.9 s old, from 127.0.0.1',
      '1 WebSocket whose client had not answered the close was ended just before the limit',
      'ended: WebSocket GET /chat, 8.9 s old, from 127.0.0.1',
    ])
    await move.closed
  })
})

describe('a WebSocket whose client leaves while it is busy', () => {
  test('is waited for until it is not busy: its work goes on', async () => {
    const { busy, clock, hook, open, sockets } = await serveMoves()
    const { socket } = await open('/move')
    const { notes, over } = runHook(hook, { clock })
    let isOver = false
    void over.then(() => {
      isOver = true
    })
    await until(() => clock.pending > 1)
    socket.terminate()
    await until(() => sockets.clients.size === 0)
    await clock.advance(4900)
    expect(isOver).toBe(false)
    busy.clear()
    await clock.advance(50)

    await over
    expect(notes).toEqual([])
    expect(clock.pending).toBe(0)
  })

  test('is waited for no longer than `goneClients`, and named then', async () => {
    const { clock, hook, open, sockets } = await serveMoves({ goneClients: '3s' })
    const { socket } = await open('/move')
    const { notes, over } = runHook(hook, { clock })
    await until(() => clock.pending > 1)
    await clock.advance(1000)
    socket.terminate()
    await until(() => sockets.clients.size === 0)
    await clock.advance(3000)
    await over

    expect(notes).toEqual([
      '1 WebSocket whose client had left was still busy 3 s later',
      'not waited for: WebSocket GET /move, busy, 4 s old, from 127.0.0.1',
    ])
    expect(clock.pending).toBe(0)
  })

  test('before the signal is waited for as well, from then on', async () => {
    const { clock, hook, open, sockets } = await serveMoves()
    const { socket } = await open('/move')
    socket.terminate()
    await until(() => sockets.clients.size === 0)
    await clock.advance(2000)
    const { notes, over } = runHook(hook, { clock })
    await clock.advance(3000)
    await over

    expect(notes).toEqual([
      '1 WebSocket whose client had left was still busy 5 s later',
      'not waited for: WebSocket GET /move, busy, 5 s old, from 127.0.0.1',
    ])
  })

  test('longer ago than `goneClients` is not asked about', async () => {
    const { asked, clock, hook, open, sockets } = await serveMoves()
    const { socket } = await open('/move')
    socket.terminate()
    await until(() => sockets.clients.size === 0)
    await clock.advance(5000)
    await runHook(hook, { clock }).over

    expect(asked).toEqual([])
  })

  test('is cut off at the limit, and named as gone', async () => {
    const { clock, hook, open, sockets } = await serveMoves()
    const { socket } = await open('/move')
    const { abort, notes, over } = runHook(hook, { clock })
    await until(() => clock.pending > 1)
    socket.terminate()
    await until(() => sockets.clients.size === 0)
    abort()
    await over

    expect(notes).toEqual([
      'cut off: WebSocket GET /move, busy, client gone, 0 ms old, from 127.0.0.1',
    ])
    expect(clock.pending).toBe(0)
  })

  test('is not kept in memory', async () => {
    const { open, sockets } = await serveMoves()
    sockets.once('connection', (socket) => registry.register(socket, 'collected'))
    const collected: string[] = []
    const registry = new FinalizationRegistry<string>((text) => collected.push(text))
    const { closed, socket } = await open('/move')
    socket.close()
    await closed
    await until(() => sockets.clients.size === 0)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    await until(() => {
      collect()
      return collected.length > 0
    })
  })
})

describe('a WebSocket that is busy again when it has got the close', () => {
  test('is no straggler: its client may answer late', async () => {
    const { busy, clock, hook, open, sockets } = await serveMoves()
    const { closed, socket } = await open('/chat')
    socket.pause()
    const { notes, over } = runHook(hook, { clock })
    await until(() => [...sockets.clients].some(isClosing))
    busy.add('/chat')
    await clock.advance(8000)
    expect(sockets.clients.size).toBe(1)
    busy.clear()
    await clock.advance(500)
    socket.resume()

    expect(await closed).toEqual(GOING_AWAY)
    await over
    expect(notes).toEqual([closedNote(1, 1)])
  })

  test('has the time of a straggler from then on', async () => {
    const { busy, clock, hook, open, sockets } = await serveMoves()
    const { socket } = await open('/chat')
    socket.pause()
    const { notes, over } = runHook(hook, { clock })
    await until(() => [...sockets.clients].some(isClosing))
    busy.add('/chat')
    await clock.advance(4000)
    busy.clear()
    await clock.advance(50 + 1999)
    expect(sockets.clients.size).toBe(1)
    await clock.advance(1)
    await over

    expect(notes.slice(1)).toEqual([
      '1 WebSocket whose client did not answer the close within 2 s was ended',
      'ended: WebSocket GET /chat, 6.05 s old, from 127.0.0.1',
    ])
  })
})

describe('a `busy` that fails counts as not busy, and one note says so', () => {
  test.each<[string, () => boolean, string]>([
    [
      'because it throws an error',
      () => {
        throw new TypeError('moves is not iterable')
      },
      'TypeError: moves is not iterable',
    ],
    [
      'because it throws what cannot be looked at',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {})
        revoke()
        throw proxy
      },
      'Error: (cannot be shown)',
    ],
    [
      'because it returns a promise',
      (async () => true) as unknown as () => boolean,
      'LastcallError: Expected `busy` to be a function that returns a boolean, got an object (Promise).',
    ],
  ])('%s', async (_, busy, message) => {
    const { open, shutdown } = await serveWebSockets({ busy })
    const clients = [await open(), await open(), await open()]
    const report = await shutdown.now()

    for (const { closed } of clients) expect(await closed).toEqual(GOING_AWAY)
    expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 })
    expect(hookOf(report, 'websockets')?.notes).toEqual([
      `busy failed, which counts as false: ${message}`,
      closedNote(3, 3),
    ])
  })
})

test('without `busy` nothing is remembered of a WebSocket that has closed', async () => {
  const { sockets, open } = await serveWebSockets()
  webSocketServer(sockets)
  const before = new Promise<number>((resolve) => {
    sockets.once('connection', (socket) => resolve(socket.listenerCount('close')))
  })
  await open()

  // That of ws itself.
  expect(await before).toBe(1)
})
