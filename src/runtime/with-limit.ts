import pTimeout from 'p-timeout'
import type { Clock } from './clock.ts'

type Timers = NonNullable<Parameters<typeof pTimeout>[1]['customTimers']>

/**
 * Settles as the promise does. Where the promise takes longer than `milliseconds`, it settles with what
 * `atLimit` returns or throws. The limit is checked after a poll phase: timers fire before the event loop
 * reads what has come in, and when the loop is busy, the result may be among that.
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
