import type { IncomingMessage } from 'node:http'
import { formatBytes } from '../../base/bytes.ts'
import { formatDuration } from '../../base/duration.ts'
import { firstTen, plural } from '../../base/summarize.ts'
import { type Deliveries, NOT_TAKEN } from '../deliveries.ts'
import { bytesInWrite } from '../node/bytes-in-write.ts'
import { clientName, requestName } from '../request-names.ts'
import type { Connection, Connections } from './connections.ts'

/** Lines for the report: the requests in flight, then what else holds the drain up. */
export function connectionsLeft(
  { open, handshakes }: Connections,
  deliveries: Deliveries<Connection>,
  now: number,
): string[] {
  const all = [...open]
  const inFlight = all
    .filter(({ newest }) => newest)
    .map((connection) => inFlightLine(connection, now))
  const upgraded = all.filter((connection) => connection.upgraded)
  const others = all.filter(
    (connection) =>
      connection.inFlight === 0 && !connection.upgraded && !deliveries.has(connection),
  )
  const halfSent = others.filter(({ isHalfSent }) => isHalfSent)
  return [
    ...firstTen(inFlight, 'request'),
    ...deliveries.whatIsLeft(),
    ...counted(upgraded.length, 'upgraded connection'),
    ...counted(halfSent.length, 'request', ' received only in part'),
    ...counted(others.length - halfSent.length, 'idle connection'),
    ...counted(handshakes.size, 'TLS handshake'),
  ]
}

/** What a connection was last used for, and by which client. */
export function lastUse({ lastRequest, socket }: Connection): string {
  return `${lastRequest ? nameOf(lastRequest) : '1 response'}${clientName(socket)}`
}

/** Such as `GET /export, 3 s old and 2 before it, from 10.0.0.7: 2.8 MB not taken by the client`. */
function inFlightLine({ newest, inFlight, activeAt, socket }: Connection, now: number): string {
  const name = newest ? nameOf(newest.req) : ''
  const more = inFlight > 1 ? ` and ${inFlight - 1} before it` : ''
  const unsent = bytesInWrite(socket)
  const slow = unsent > 0 ? `: ${formatBytes(unsent)} ${NOT_TAKEN}` : ''
  return `${name}, ${formatDuration(now - activeAt)} old${more}${clientName(socket)}${slow}`
}

function counted(number: number, noun: string, rest = ''): string[] {
  return number > 0 ? [`${plural(number, noun)}${rest}`] : []
}

function nameOf({ method, url }: IncomingMessage): string {
  return requestName(method, url)
}
