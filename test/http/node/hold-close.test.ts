import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { describe, expect, test } from 'vitest'
import {
  closeNow,
  holdClose,
  isClosedByOthers,
  noteOwnClose,
} from '../../../src/http/node/hold-close.ts'
import type { AnyHttpServer } from '../../../src/http/server.ts'
import { http2Server } from '../../support/http2-service.ts'
import { selfSigned } from '../../support/servers/certificate.ts'

const KINDS: [string, () => AnyHttpServer][] = [
  ['http', () => createServer()],
  ['https', () => createSecureServer(selfSigned())],
  ['http2', () => http2Server(undefined)],
  ['http2 over TLS', () => http2Server(undefined, true)],
]

/** A server that listens, whose `close()` is held as long as `isHeld`. */
async function held(create: () => AnyHttpServer) {
  const server = create()
  const state = { isHeld: true, closes: 0 }
  holdClose(server, () => {
    if (state.isHeld) state.closes++
    return state.isHeld
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, state }
}

describe.each(KINDS)('close() of a server of %s', (_, create) => {
  test('returns the server, and closes nothing where it is held', async () => {
    const { server, state } = await held(create)
    for (let n = 0; n < 5; n++) expect(server.close()).toBe(server)
    expect({ ...state, listening: server.listening }).toMatchObject({ closes: 5, listening: true })
    closeNow(server)
    expect(server.listening).toBe(false)
    await once(server, 'close')
  })

  test("is Node's where it is not held, with its errors", async () => {
    const { server, state } = await held(create)
    state.isHeld = false
    expect(await new Promise((resolve) => void server.close(resolve))).toBeUndefined()
    expect(await new Promise((resolve) => void server.close(resolve))).toMatchObject({
      code: 'ERR_SERVER_NOT_RUNNING',
    })
    expect(Object.keys(server)).not.toContain('close')
  })

  test('is held where `await using` disposes of the server', async () => {
    const server = create()
    const callbacks: unknown[] = []
    holdClose(server, (callback) => callbacks.push(callback) > 0)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const disposed = server[Symbol.asyncDispose]()
    expect(callbacks).toEqual([expect.any(Function)])
    expect(server.listening).toBe(true)
    ;(callbacks[0] as () => void)()
    await disposed
    closeNow(server)
  })

  test('is held, and passed by, where other code has wrapped it since', async () => {
    const { server, state } = await held(create)
    const { close } = server
    let wrapped = 0
    server.close = ((...args: unknown[]) => {
      wrapped++
      return Reflect.apply(close, server, args)
    }) as typeof server.close
    server.close()
    expect(state.closes).toBe(1)
    expect(server.listening).toBe(true)
    closeNow(server)
    expect({ wrapped, listening: server.listening }).toEqual({ wrapped: 1, listening: false })
  })

  test('is held once, however often the server is handed in', async () => {
    const { server, state } = await held(create)
    const { close } = server
    holdClose(server, () => {
      throw new Error('held twice')
    })
    expect(server.close).toBe(close)
    server.close()
    expect(state.closes).toBe(1)
    closeNow(server)
  })

  test('is known to be that of others, each time that the server listens', async () => {
    const { server } = await held(create)
    for (let n = 0; n < 2; n++) {
      expect(isClosedByOthers(server)).toBe(false)
      closeNow(server)
      expect(isClosedByOthers(server)).toBe(true)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    noteOwnClose(server)
    closeNow(server)
    expect(isClosedByOthers(server)).toBe(false)
  })
})

test('a server that never listened is closed by nobody', () => {
  const server = createServer()
  holdClose(server, () => true)
  expect(isClosedByOthers(server)).toBe(false)
})

test('a close() that is borrowed for another server is not held', async () => {
  const { server, state } = await held(() => createServer())
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  Reflect.apply(server.close, other, [])
  expect({ closes: state.closes, listening: other.listening }).toEqual({
    closes: 0,
    listening: false,
  })
  closeNow(server)
})
