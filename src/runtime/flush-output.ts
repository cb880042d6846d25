import type { Writable } from 'node:stream'
import type { Clock } from './clock.ts'
import { withLimit } from './with-limit.ts'

/**
 * Waits until what was written to these streams has left the process, for so many milliseconds at
 * most. A pipe takes 64 KiB; the rest would die with the process.
 */
export async function flushOutput(
  streams: readonly Writable[],
  milliseconds: number,
  clock: Clock,
): Promise<void> {
  const unwritten = streams.filter((stream) => stream.writableLength > 0 && !stream.destroyed)
  if (unwritten.length === 0) return
  const all = Promise.all(unwritten.map(written))
  await withLimit<unknown>(all, Math.max(1, milliseconds), clock, () => undefined)
}

function written(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    // A reader that has gone away is no reason to stay, nor to crash now.
    stream.once('error', () => resolve())
    stream.once('close', () => resolve())
    stream.write('', () => resolve())
  })
}
