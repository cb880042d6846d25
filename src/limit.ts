import pTimeout from 'p-timeout'
import type { Clock } from './clock.ts'

type Timers = NonNullable<Parameters<typeof pTimeout>[1]['customTimers']>

/** The promise, or, where it takes longer than this, what `atLimit` returns or throws. */
export function limited<T>(
  promise: Promise<T>,
  milliseconds: number,
  clock: Clock,
  atLimit: () => T,
): Promise<T> {
  const customTimers = {
    setTimeout: (run: () => void, after: number) => clock.setTimeout(run, after),
    clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
  } as Timers
  return pTimeout<T, T>(promise, { milliseconds, customTimers, fallback: atLimit })
}
