import type { Handle } from './handle-close.ts'

/** What Node listens with, below a server. */
export interface ListenHandle extends Handle {
  onconnection: OnConnection
}

/** Receives what was accepted: an error number that is not 0, or a connection. */
export type OnConnection = (error: number, connection?: Handle) => void

/**
 * Passes what a listener accepts to `receive`. Returns Node's own `onconnection`, which hands it to a worker.
 *
 * Relies on: Node calls `onconnection` of the handle for each connection; Deno does so without the connection.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: nothing is received, the listener counts as idle and is closed at once, and Node
 * resets the connections that no worker has taken.
 */
export function interceptConnections(handle: ListenHandle, receive: OnConnection): OnConnection {
  const distribute = handle.onconnection
  handle.onconnection = receive
  return (error, connection) => distribute.call(handle, error, connection)
}
