/** Something of libuv that Node closes: a listener or a connection. */
export interface Handle {
  close(...args: unknown[]): unknown
}

/**
 * Calls back when Node closes a handle for the first time. In the primary of a cluster that is when a worker has
 * taken a connection, and when the last worker has closed a listener.
 *
 * Relies on: Node calls the method `close` of the handle, so that one put in its place is called.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: every connection that was accepted counts as not taken yet. The primary waits for
 * a fourth of its time in vain before it notifies its workers.
 *
 * @returns Node's own `close`, which does not call back
 */
export function onHandleClose(handle: Handle, listener: () => void): () => void {
  const { close } = handle
  handle.close = (...args) => {
    handle.close = close
    listener()
    return close.apply(handle, args)
  }
  return () => void close.call(handle)
}
