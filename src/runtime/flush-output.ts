import type { Writable } from 'node:stream'
import type { Clock } from './clock.ts'
import { unwrittenBytes } from './node/unwritten-bytes.ts'
import { withLimit } from './with-limit.ts'

/** What the reader of an output has not taken. */
export interface Unwritten {
  readonly name: 'stdout' | 'stderr'
  readonly bytes: number
}

/**
 * Waits until these streams have written out what they hold, for at most `milliseconds`. A pipe takes 64
 * KiB; an exit would lose the rest. Returns what is left. A reader that has gone away wants no more: nothing
 * is left for it.
 */
export async function flushOutput(
  streams: readonly Writable[],
  milliseconds: number,
  clock: Clock,
): Promise<Unwritten[]> {
  const unwritten = streams.filter(holdsOutput)
  if (unwritten.length === 0) return []
  const all = Promise.all(unwritten.map(flush))
  await withLimit<unknown>(all, Math.max(1, milliseconds), clock, () => undefined)
  return unwritten.filter(holdsOutput).map((stream) => ({
    name: (stream as { fd?: number }).fd === 2 ? 'stderr' : 'stdout',
    bytes: unwrittenBytes(stream),
  }))
}

function holdsOutput({ writableLength, destroyed }: Writable): boolean {
  return writableLength > 0 && !destroyed
}

function flush(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    // If the reader has gone away, do not wait, and do not crash.
    stream.once('error', () => resolve())
    stream.once('close', () => resolve())
    stream.write('', () => resolve())
  })
}
