import pTimeout from 'p-timeout'
import type { Clock } from './clock.ts'

type Timers = NonNullable<Parameters<typeof pTimeout>[1]['customTimers']>

/**
 * Settles as the promise does or, after `milliseconds`, with what `atLimit` returns or throws. The limit
 * is checked after a poll phase: timers fire before the event loop reads its input, and in a busy loop
 * that input may hold the result.
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
