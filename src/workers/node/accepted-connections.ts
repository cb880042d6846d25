import type { Handle } from './handle-close.ts'

/** The handle that a server listens on. */
export interface ListenHandle extends Handle {
  onconnection: OnConnection
}

/** Receives an accepted connection, or an error number other than 0. */
export type OnConnection = (error: number, connection?: Handle) => void

/**
 * Passes accepted connections to `receive`. Returns Node's own `onconnection`, which hands one to a
 * worker.
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
