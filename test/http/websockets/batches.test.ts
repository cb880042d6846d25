import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { WebSocketLike, WebSocketServerLike, WebSocketServerOptions } from 'lastcall/http'
import { describe, expect, test } from 'vitest'
import { webSocketServerHooks } from '../../../src/http/websockets/websocket-server.ts'
import { closedNote } from '../../support/clients/web-sockets.ts'
import { contextOf } from '../../support/hooks/context.ts'
import { VirtualClock } from '../../support/hooks/virtual.ts'

/** A WebSocket that records when it was closed, and answers the close only if the test wants it. */
class FakeSocket extends EventEmitter {
  closedAt: number | undefined
  closes = 0
  terminated = false

  constructor(
    readonly clock: VirtualClock,
    readonly clients: Set<FakeSocket>,
    readonly answersAfter: number | undefined,
  ) {
    super()
  }

  close(): void {
    this.closes++
    this.closedAt = this.clock.now()
    if (this.answersAfter === undefined) return
    this.clock.setTimeout(() => this.leave(1001), this.answersAfter)
  }

  terminate(): void {
    this.terminated = true
    this.leave(1006)
  }

  leave(code: number): void {
    if (this.clients.delete(this)) this.emit('close', code)
  }
}

/** As that of `ws`, for more WebSockets than a test could open. */
class FakeServer extends EventEmitter {
  readonly clients = new Set<FakeSocket>()
  closed = 0

  close(): void {
    this.closed++
  }
}

interface World extends WebSocketServerOptions {
  readonly clients: number
  /** How long each takes to answer; never where it is not given. */
  readonly answersAfter?: number
  /** Milliseconds until the hook's limit. */
  readonly limit?: number
}

/** So many WebSockets, and the hook that closes them, which begins at 0. */
async function world({ clients, answersAfter, limit = 9000, ...options }: World) {
  const clock = new VirtualClock()
  const server = new FakeServer()
  const [hook] = webSocketServerHooks(server as unknown as WebSocketServerLike, options, clock)
  const open = () => {
    const socket = new FakeSocket(clock, server.clients, answersAfter)
    server.clients.add(socket)
    server.emit('connection', socket, { method: 'GET', url: '/chat', socket: {} } as object)
    return socket
  }
  const sockets = Array.from({ length: clients }, open)
  const { abort, context, notes } = contextOf({ clock, limit })
  const state = { isOver: false }
  void Promise.resolve(hook?.run(context)).then(() => {
    state.isOver = true
  })
  await clock.advance(0)
  /** How many were closed at which time. */
  const batches = () => {
    const times = new Map<number, number>()
    for (const { closedAt } of sockets) {
      if (closedAt !== undefined) times.set(closedAt, (times.get(closedAt) ?? 0) + 1)
    }
    return [...times]
  }
  return { abort, batches, clock, notes, open, server, sockets, state }
}

describe('batches', () => {
  test('of 1000 by default, 100 ms apart, close a fleet of 10,000 in 900 ms', async () => {
    const { batches, clock, notes, state } = await world({ clients: 10_000, answersAfter: 5 })
    expect(batches()).toEqual([[0, 1000]])
    await clock.advance(899)
    expect(batches()).toHaveLength(9)
    await clock.advance(10)

    expect(batches()).toEqual(Array.from({ length: 10 }, (_, batch) => [batch * 100, 1000]))
    expect(state.isOver).toBe(true)
    expect(notes).toEqual(['10000 WebSockets closed, 10000 of them cleanly'])
    expect(clock.pending).toBe(0)
  })

  test('have the size and the interval of the options; the last one has the rest', async () => {
    const options = { clients: 7, batchSize: 3, batchInterval: '1s', answersAfter: 0 } as const
    const { batches, clock } = await world(options)
    await clock.advance(2000)

    expect(batches()).toEqual([
      [0, 3],
      [1000, 3],
      [2000, 1],
    ])
  })

  test('go on also where those before them have not answered', async () => {
    const { batches, clock, state } = await world({ clients: 3, batchSize: 1 })
    await clock.advance(200)

    expect(batches()).toEqual([
      [0, 1],
      [100, 1],
      [200, 1],
    ])
    expect(state.isOver).toBe(false)
  })

  test('are one where all WebSockets fit into it', async () => {
    const { batches, clock } = await world({ clients: 1000, answersAfter: 1 })

    expect(batches()).toEqual([[0, 1000]])
    await clock.advance(1)
    expect(clock.pending).toBe(0)
  })

  test('are made larger where they would take more than half of the time', async () => {
    // 100 batches of one would take 10 s; in 1 s there is room for 5 of them.
    const { batches, clock } = await world({ clients: 100, batchSize: 1, limit: 1000 })
    await clock.advance(1000)

    expect(batches()).toEqual([
      [0, 20],
      [100, 20],
      [200, 20],
      [300, 20],
      [400, 20],
    ])
  })

  test('are made no larger than needed', async () => {
    const { batches, clock } = await world({ clients: 11, batchSize: 2, limit: 1000 })
    await clock.advance(1000)

    expect(batches().map(([, size]) => size)).toEqual([3, 3, 3, 2])
  })

  test('are one where not even two would fit', async () => {
    const { batches, clock } = await world({ clients: 50, batchSize: 1, limit: 150 })
    await clock.advance(150)

    expect(batches()).toEqual([[0, 50]])
  })

  test('follow each other without a pause where the interval is 0', async () => {
    const { batches, clock, sockets } = await world({
      clients: 10,
      batchSize: 3,
      batchInterval: 0,
      answersAfter: 5,
    })
    await clock.advance(5)

    expect(batches()).toEqual([[0, 10]])
    expect(sockets.map(({ closes }) => closes)).toEqual(Array(10).fill(1))
  })
})

describe('between two batches', () => {
  test('one that its client closes is not waited for, and gets no close', async () => {
    const { clock, notes, sockets, state } = await world({
      clients: 3,
      batchSize: 1,
      answersAfter: 10,
    })
    await clock.advance(50)
    sockets[1]?.leave(1000)
    await clock.advance(400)

    expect(state.isOver).toBe(true)
    expect(sockets.map(({ closes }) => closes)).toEqual([1, 0, 1])
    expect(notes).toEqual(['2 WebSockets closed, 2 of them cleanly'])
  })

  test('one that loses its connection is not waited for', async () => {
    const { clock, notes, sockets, state } = await world({
      clients: 3,
      batchSize: 1,
      answersAfter: 10,
    })
    await clock.advance(50)
    sockets[1]?.leave(1006)
    await clock.advance(400)

    expect(state.isOver).toBe(true)
    expect(notes).toEqual(['2 WebSockets closed, 2 of them cleanly'])
  })

  test('where all others close, the hook is over at once', async () => {
    const { clock, sockets, state } = await world({
      clients: 3,
      batchSize: 1,
      answersAfter: 10,
    })
    await clock.advance(50)
    sockets[1]?.leave(1000)
    sockets[2]?.leave(1000)
    await clock.advance(0)

    expect(state.isOver).toBe(true)
    expect(clock.pending).toBe(0)
    await clock.advance(1000)
    expect(sockets.map(({ closes }) => closes)).toEqual([1, 0, 0])
  })

  test('one that is opened is closed at once, and waited for', async () => {
    const { clock, notes, open, state } = await world({
      clients: 2,
      batchSize: 1,
      answersAfter: 80,
    })
    await clock.advance(50)
    const late = open()
    expect(late.closedAt).toBe(50)
    await clock.advance(130)

    expect(state.isOver).toBe(true)
    expect(late.closes).toBe(1)
    expect(notes).toEqual(['3 WebSockets closed, 3 of them cleanly'])
  })

  test('the limit may come: all are terminated, also those that got no close yet', async () => {
    const { abort, clock, notes, sockets, state } = await world({ clients: 3, batchSize: 1 })
    await clock.advance(50)
    abort()
    await clock.advance(1000)

    expect(state.isOver).toBe(true)
    expect(sockets.map(({ terminated }) => terminated)).toEqual([true, true, true])
    expect(sockets.map(({ closes }) => closes)).toEqual([1, 0, 0])
    expect(notes).toEqual(Array(3).fill('cut off: WebSocket GET /chat, 50 ms old'))
    expect(clock.pending).toBe(0)
  })
})

describe('when the hook is over', () => {
  test('one that is opened is closed', async () => {
    const { clock, open, state } = await world({ clients: 1, answersAfter: 5 })
    await clock.advance(5)
    expect(state.isOver).toBe(true)

    expect(open().closes).toBe(1)
  })

  test('one that is opened is terminated where its client does not answer', async () => {
    const { clock, open, state } = await world({ clients: 0 })
    expect(state.isOver).toBe(true)
    const late = open()
    await clock.advance(1999)
    expect(late.terminated).toBe(false)
    await clock.advance(1)

    expect(late.terminated).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('one that is opened is left alone where the server has been passed in again', async () => {
    const { clock, open, server } = await world({ clients: 1, answersAfter: 5 })
    await clock.advance(5)
    webSocketServerHooks(server as unknown as WebSocketServerLike, {}, clock)

    expect(open().closes).toBe(0)
  })
})

describe('a fleet of 10,000', () => {
  test('that never answers is ended in its batches: ten are named, the rest are counted', async () => {
    const { clock, notes, server, sockets, state } = await world({ clients: 10_000 })
    await clock.advance(2000)
    expect(server.clients.size).toBe(9000)
    await clock.advance(900)

    expect(state.isOver).toBe(true)
    expect(notes).toHaveLength(13)
    expect(notes[1]).toBe(
      '10000 WebSockets whose clients did not answer the close within 2 s were ended',
    )
    expect(notes.at(-1)).toBe('ended: 9990 WebSockets more')
    expect(sockets.every(({ terminated }) => terminated)).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('that never answers is ended in time where the limit comes before', async () => {
    const { clock, notes, server, state } = await world({ clients: 10_000, limit: 1000 })
    await clock.advance(900)

    expect(state.isOver).toBe(true)
    expect(notes[1]).toBe(
      '10000 WebSockets whose clients had not answered the close were ended just before the limit',
    )
    expect(server.clients.size).toBe(0)
  })

  test('of which one never answers: only that one is named', async () => {
    const { clock, notes, sockets } = await world({ clients: 10_000 })
    await clock.advance(1000)
    for (const socket of sockets.slice(1)) socket.leave(1001)
    await clock.advance(1000)

    expect(notes).toEqual([
      closedNote(10_000, 9999),
      '1 WebSocket whose client did not answer the close within 2 s was ended',
      'ended: WebSocket GET /chat, 2 s old',
    ])
  })

  test('of which all are busy until the last moment: each is closed, and nothing is cut off', async () => {
    let isBusy = true
    const { clock, notes, sockets, state } = await world({ clients: 10_000, busy: () => isBusy })
    await clock.advance(8890)
    isBusy = false
    await clock.advance(10)

    expect(state.isOver).toBe(true)
    expect(sockets.every(({ closes, terminated }) => closes === 1 && terminated)).toBe(true)
    expect(notes[0]).toBe(closedNote(10_000, 0))
    expect(clock.pending).toBe(0)
  })

  test('leaves nothing behind: no listener on any of them, and no timer', async () => {
    const { clock, sockets } = await world({ clients: 10_000, answersAfter: 5 })
    await clock.advance(2000)

    expect(sockets.some((socket) => socket.listenerCount('close') > 0)).toBe(false)
    expect(clock.pending).toBe(0)
  })
})

describe('a server that is not one of ws, but like it', () => {
  test('names no path of a WebSocket that is cut off where it was opened before the hook existed', async () => {
    const clock = new VirtualClock()
    const server = new FakeServer()
    server.clients.add(new FakeSocket(clock, server.clients, undefined))
    const [hook] = webSocketServerHooks(server as unknown as WebSocketServerLike, {}, clock)
    const { abort, context, notes } = contextOf({ clock })
    void hook?.run(context)
    await clock.advance(10)
    abort()

    expect(notes).toEqual(['cut off: a WebSocket'])
  })

  test('fits the type with no more than the hook needs', () => {
    const socket: WebSocketLike = { close() {}, terminate() {}, once() {} }
    const server: WebSocketServerLike = {
      clients: [socket],
      on: (_, listener: (socket: never, request: IncomingMessage) => void) => listener,
      close() {},
    }

    expect(webSocketServerHooks(server, {}, new VirtualClock())).toHaveLength(1)
  })
})
