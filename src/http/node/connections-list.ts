import type { Socket } from 'node:net'

/**
 * Lists the HTTP/1 sockets of a server, and as idle those without a half-received request.
 * Relies on: the list that Node keeps at the server's symbol `http.server.connections`, for
 * `closeAllConnections()` and `closeIdleConnections()`, once the server listens. It is only read.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: connections opened before the server was passed in join the drain at their next
 * request, and a half-received request on an idle connection is not waited for.
 */
export function listSockets(server: object): { all: Socket[]; idle: Set<Socket> } | undefined {
  const symbol = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  )
  const list = symbol && (server as Record<symbol, Partial<Record<'all' | 'idle', List>>>)[symbol]
  if (typeof list?.all !== 'function' || typeof list.idle !== 'function') return undefined
  const socketsOf = (parsers: ReturnType<List>) => parsers.flatMap(({ socket }) => socket ?? [])
  return { all: socketsOf(list.all()), idle: new Set(socketsOf(list.idle())) }
}

type List = () => { readonly socket: Socket | null }[]
