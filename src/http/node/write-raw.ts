import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

/**
 * Writes an HTTP/2 frame between two of Node's, if it can: without TLS, and while nothing is queued.
 * Relies on: the socket's `_handle` has the file descriptor as `fd`, and in `writeQueueSize` the
 * bytes not yet given to the kernel.
 * Seen to work in: Node 20.19, 22.23, 24.22, 26.12, on Linux. On Windows there is no descriptor.
 * Without it: it writes nothing and returns `false`.
 */
export function writeRaw(socket: Socket, frame: Buffer): boolean {
  const { _handle: handle, encrypted } = socket as {
    _handle?: { readonly fd?: number; readonly writeQueueSize?: number } | null
    encrypted?: boolean
  }
  if (encrypted || handle?.fd === undefined || handle.fd < 0 || handle.writeQueueSize !== 0) {
    return false
  }
  try {
    // The kernel takes the whole frame or has no room (EAGAIN). After a part, the stream would be
    // garbled.
    if (writeSync(handle.fd, frame) < frame.length) socket.destroy()
    return true
  } catch {
    return false
  }
}
