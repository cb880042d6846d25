import type { Clock } from './clock.ts'
import type { ProcessPort } from './process.ts'

/** How a wait has ended. */
export type WaitEnd = 'settled' | 'idle' | 'over'

/**
 * Waits until the promise has settled, until the event loop has nothing to do, or for `within`
 * milliseconds, whatever comes first. The wait itself gives the event loop nothing to do.
 */
export function untilIdle(
  promise: Promise<unknown> | undefined,
  within: number,
  { host, clock }: { host: Pick<ProcessPort, 'on'>; clock: Clock },
): Promise<WaitEnd> {
  return new Promise((resolve) => {
    const end = (how: WaitEnd) => () => {
      clock.clearTimeout(timer)
      removeListener()
      resolve(how)
    }
    const timer = clock.setTimeout(() => clock.afterPoll(end('over')), within)
    clock.unref(timer)
    const removeListener = host.on('beforeExit', end('idle'))
    promise?.then(end('settled'), end('settled'))
  })
}
