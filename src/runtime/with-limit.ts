import pTimeout from 'p-timeout'
import type { Clock } from './clock.ts'

type Timers = NonNullable<Parameters<typeof pTimeout>[1]['customTimers']>

/**
 * The promise, or, where it takes longer than this, what `atLimit` returns or throws. The limit is
 * judged after a poll phase: a timer fires before the loop has read what has come in, and with a
 * busy loop the result may be there.
 */
export function withLimit<T>(
  promise: Promise<T>,
  milliseconds: number,
  clock: Clock,
  atLimit: () => T,
): Promise<T> {
  const customTimers = {
    setTimeout: (run: () => void, after: number) => {
      const timer = { id: undefined as unknown, run }
      timer.id = clock.setTimeout(() => clock.afterPoll(() => timer.run()), after)
      return timer
    },
    clearTimeout: (timer: { id: unknown; run: () => void }) => {
      clock.clearTimeout(timer.id)
      timer.run = () => {}
    },
  } as unknown as Timers
  return pTimeout<T, T>(promise, { milliseconds, customTimers, fallback: atLimit })
}
