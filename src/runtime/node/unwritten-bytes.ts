// Relies on: `writeQueueSize` of a stream's `_handle`, the bytes of the write under way that the kernel has
// not taken, and `_writableState.writelen`, the length of that write.
// Seen in: Node 20.19, 22, 24, 26.
// If they are missing: a write under way counts as a whole, so a part of it is counted that has arrived.

import type { Writable } from 'node:stream'

/** How many bytes of what was written to a stream the kernel has not taken. */
export function unwrittenBytes(stream: Writable): number {
  const { _handle, _writableState } = stream as {
    _handle?: { writeQueueSize?: number } | null
    _writableState?: { writelen?: number }
  } & Writable
  const left = _handle?.writeQueueSize
  const whole = _writableState?.writelen
  if (!left || !whole) return stream.writableLength
  return stream.writableLength - whole + left
}
