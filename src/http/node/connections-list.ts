import type { Socket } from 'node:net'

/**
 * Finds the HTTP/1 sockets of a server, also those that were opened before the server was handed in.
 *
 * Relies on: the list that Node keeps at the server's symbol `http.server.connections` once the
 * server listens. `closeAllConnections()` closes what its `all()` returns, `closeIdleConnections()`
 * what its `idle()` does. It is only read here.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: `undefined`. Connections that were opened before the hand-in join the drain with their
 * next request, and half a request on an idle connection is not waited for.
 */

interface ConnectionsList {
  all(): { readonly socket: Socket | null }[]
  idle(): { readonly socket: Socket | null }[]
}

/** All sockets of a server, and those on which Node waits for a request and has no part of one. */
export function listSockets(server: object): { all: Socket[]; idle: Set<Socket> } | undefined {
  const symbol = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  )
  const list = symbol && (server as Record<symbol, Partial<ConnectionsList> | undefined>)[symbol]
  if (typeof list?.all !== 'function' || typeof list.idle !== 'function') return undefined
  return { all: socketsOf(list.all()), idle: new Set(socketsOf(list.idle())) }
}

function socketsOf(parsers: { readonly socket: Socket | null }[]): Socket[] {
  return parsers.flatMap(({ socket }) => socket ?? [])
}
