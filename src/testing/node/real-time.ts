import { systemClock } from '../../runtime/clock.ts'
import { settling } from './settle.ts'

/**
 * Calls `run` after so many milliseconds of real time, also where the fake timers of sinon or node:test were
 * turned on before this was loaded: they replace what node:timers exports, too. Returns a function that cancels
 * the call. The wait does not keep the process alive.
 *
 * Relies on: `Atomics.waitAsync()` has a timer that no library replaces. It does not keep the process alive.
 * Seen in: Node 20.19, 22.23 and 24.21, and Deno 2.9.
 * Where it is missing: the timers that node:timers had when it was loaded are used.
 */
export function realTimeout(run: () => void, milliseconds: number): () => void {
  const { waitAsync } = Atomics as unknown as Partial<AsyncAtomics>
  if (waitAsync === undefined) {
    const timer = systemClock.setBackgroundTimeout(run, milliseconds)
    return () => systemClock.clearTimeout(timer)
  }
  let isCancelled = false
  void waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds).value.then(() => {
    if (!isCancelled) run()
  })
  return () => {
    isCancelled = true
  }
}

/** Resolves after so many milliseconds of real time. Meanwhile the process stays alive. */
export function pause(milliseconds: number): Promise<void> {
  return settling(() => new Promise<void>((resolve) => void realTimeout(resolve, milliseconds)))
}

/** TypeScript knows it from ES2024 on. */
interface AsyncAtomics {
  waitAsync(cell: Int32Array, index: 0, value: 0, timeout: number): { value: Promise<string> }
}
