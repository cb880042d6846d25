/** A libuv handle: a listener or a connection. */
export interface Handle {
  close(...args: unknown[]): unknown
}

/**
 * Calls back when Node first closes a handle: in the primary of a cluster when a worker has taken a connection,
 * or when the last worker has closed a listener. Returns Node's own `close`, which does not call back.
 *
 * Relies on: Node calls the handle's method `close`, so a replacement is called.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: every accepted connection counts as not taken yet. The primary waits a quarter
 * of its time in vain before it notifies its workers.
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
