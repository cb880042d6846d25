import type { Clock } from './clock.ts'
import type { ProcessPort } from './process.ts'

interface Ports {
  readonly host: Pick<ProcessPort, 'on'>
  readonly clock: Clock
}

/**
 * Waits until the event loop has nothing to do, or for `within` milliseconds, whatever comes first. The
 * wait itself gives the event loop nothing to do.
 */
export function untilIdle(within: number, { host, clock }: Ports): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clock.clearTimeout(timer)
      removeListener()
      resolve()
    }
    const timer = clock.setTimeout(end, within)
    clock.unref(timer)
    const removeListener = host.on('beforeExit', end)
  })
}

/**
 * Waits until the promise has settled, or for `within` milliseconds. Returns whether it has settled. The
 * event loop may run empty meanwhile, so that `untilIdle()` sees it; the process lives on all the same.
 */
export function untilSettled(
  promise: Promise<unknown>,
  within: number,
  { host, clock }: Ports,
): Promise<boolean> {
  return new Promise((resolve) => {
    const until = clock.now() + within
    const end = (hasSettled: boolean) => {
      clock.clearTimeout(timer)
      removeListener()
      resolve(hasSettled)
    }
    // After a poll phase: what the event loop then reads may settle the promise.
    const startTimer = () =>
      clock.setTimeout(() => clock.afterPoll(() => end(false)), until - clock.now())
    let timer = startTimer()
    clock.unref(timer)
    const removeListener = host.on('beforeExit', () => {
      clock.clearTimeout(timer)
      timer = startTimer()
    })
    const settle = () => end(true)
    promise.then(settle, settle)
  })
}
