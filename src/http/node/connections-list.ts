import type { Socket } from 'node:net'

/**
 * Lists the HTTP/1 sockets of a server, and as idle those without a half-received request.
 * Relies on: the list that Node keeps at the server's symbol `http.server.connections`, for
 * `closeAllConnections()` and `closeIdleConnections()`, once the server listens. It is only read.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12.
 * Without it: connections opened before the server was passed in join the drain at their next
 * request. A half-received request is not waited for.
 */
export function listSockets(server: object): { all: Socket[]; idle: Set<Socket> } | undefined {
  const list = listOf(server)
  return list && { all: socketsOf(list.all()), idle: new Set(socketsOf(list.idle())) }
}

/** Whether a request has begun to arrive on a socket. The last one is over if it is `complete`. */
export function isReceiving(server: object, socket: Socket): boolean {
  const receiving = listOf(server)?.active() ?? []
  return receiving.some((parser) => parser.socket === socket)
}

function listOf(server: object): Record<'all' | 'idle' | 'active', List> | undefined {
  const symbol = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  )
  const list = symbol && (server as Record<symbol, Partial<Record<string, List>>>)[symbol]
  const isList = ['all', 'idle', 'active'].every((name) => typeof list?.[name] === 'function')
  return isList ? (list as Record<'all' | 'idle' | 'active', List>) : undefined
}

function socketsOf(parsers: ReturnType<List>): Socket[] {
  return parsers.flatMap(({ socket }) => socket ?? [])
}

type List = () => { readonly socket: Socket | null }[]
