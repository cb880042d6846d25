import { channel } from 'node:diagnostics_channel'
import type { Server } from 'node:net'
import type { ListenHandle } from './accepted-connections.ts'

/**
 * Calls back with each handle on which the primary of a cluster begins to listen for its workers.
 *
 * Relies on: with SCHED_RR the primary makes a `net.Server` for each address and takes `_handle` out of it when
 * it listens; a diagnostics channel, which is experimental, publishes each server that begins to listen.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: the primary listens until the last worker closes its listener, and connections that
 * no worker has taken are reset.
 */
export function onListenHandle(listener: (handle: ListenHandle) => void): void {
  channel('tracing:net.server.listen:asyncEnd').subscribe((message) => {
    const { server } = message as { server: Server & { _handle?: ListenHandle | null } }
    const handle = server._handle
    if (!handle) return
    // A server of the application keeps its handle, and is left alone.
    const check = () => {
      if (server._handle === null && typeof handle.onconnection === 'function') listener(handle)
    }
    // Node's own listener takes the handle out, and may have been added after this one.
    server.once('listening', () => queueMicrotask(check))
  })
}
