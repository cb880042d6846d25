import type { Writable } from 'node:stream'
import type { Clock } from './clock.ts'
import { withLimit } from './with-limit.ts'

/**
 * Waits until these streams have written out what they hold, for at most `milliseconds`. A pipe takes 64
 * KiB; an exit would lose the rest.
 */
export async function flushOutput(
  streams: readonly Writable[],
  milliseconds: number,
  clock: Clock,
): Promise<void> {
  const unwritten = streams.filter((stream) => stream.writableLength > 0 && !stream.destroyed)
  if (unwritten.length === 0) return
  const all = Promise.all(unwritten.map(flush))
  await withLimit<unknown>(all, Math.max(1, milliseconds), clock, () => undefined)
}

function flush(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    // If the reader has gone away, do not wait, and do not crash.
    stream.once('error', () => resolve())
    stream.once('close', () => resolve())
    stream.write('', () => resolve())
  })
}
