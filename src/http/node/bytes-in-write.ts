import type { Socket } from 'node:net'

/**
 * The bytes of the write under way that the kernel has not taken yet. It tells a slow reader from one
 * that has stopped: Node gives all that was queued to one write, and `writableLength` stays the same
 * until that is done.
 * Relies on: `writeQueueSize` of the socket's `_handle`; for TLS that of `_handle._parent`, because its
 * own does not go down.
 * Seen to work in: Node 20.20, 22.23, 24.22, 26.12.
 * Without it: returns 0. A reader that needs long for one large write seems to have stopped.
 */
export function bytesInWrite(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: Handle | null }
  return (handle?._parent ?? handle)?.writeQueueSize ?? 0
}

interface Handle {
  readonly writeQueueSize?: number
  readonly _parent?: Handle | null
}
