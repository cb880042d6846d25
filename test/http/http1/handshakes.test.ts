import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Handshakes } from '../../../src/http/http1/handshakes.ts'

/** As much of a socket as is looked at. Without `below` it is one of a runtime that does not say it. */
function socketOf(remotePort?: number, below?: Socket): Socket {
  const remoteAddress = remotePort && '127.0.0.1'
  return Object.assign(new EventEmitter(), {
    remoteAddress,
    remotePort,
    _parent: below,
  }) as unknown as Socket
}

function begun(...sockets: readonly Socket[]): Handshakes {
  const handshakes = new Handshakes()
  for (const [now, socket] of sockets.entries()) handshakes.begin(socket, now)
  return handshakes
}

test('on a Unix socket the handshake that has ended is told from the others', () => {
  const [first, second, third] = [socketOf(), socketOf(), socketOf()]
  const handshakes = begun(first, second, third)
  handshakes.end(socketOf(undefined, second))

  expect([...handshakes]).toEqual([
    { socket: first, since: 0 },
    { socket: third, since: 2 },
  ])
})

test('a socket that was accepted before they were watched ends no other handshake', () => {
  const stalled = socketOf()
  const handshakes = begun(stalled)
  handshakes.end(socketOf(undefined, socketOf()))

  expect(handshakes.has(stalled)).toBe(true)
})

test('a closed socket has no handshake any more', () => {
  const [first, second] = [socketOf(), socketOf()]
  const handshakes = begun(first, second)
  first.emit('close')

  expect([first, second].map((socket) => handshakes.has(socket))).toEqual([false, true])
})

test('where a runtime does not say what is below TLS, the address tells', () => {
  const [first, second] = [socketOf(1), socketOf(2)]
  const handshakes = begun(first, second)
  handshakes.end(socketOf(2))

  expect([first, second].map((socket) => handshakes.has(socket))).toEqual([true, false])
})

test('where there is no address either, the oldest handshake has ended', () => {
  const [first, second] = [socketOf(), socketOf()]
  const handshakes = begun(first, second)
  handshakes.end(socketOf())

  expect([first, second].map((socket) => handshakes.has(socket))).toEqual([false, true])
})
