import type { Budget } from '../engine/budget.ts'
import type { Clock } from '../runtime/clock.ts'

/**
 * A shutdown ends by its deadline, whatever its hooks do. If it does not, the library itself has failed, and
 * `leave` is called: after half of the margin, which late reserves may use, and before the watchdog kills.
 *
 * @returns a function that stops the backstop, for a shutdown that has ended
 */
export function startBackstop(
  { clock, budget }: { readonly clock: Clock; readonly budget: Budget },
  leave: () => void,
): () => void {
  const { deadline, margin } = budget
  let isStopped = false
  const leaveUnlessStopped = () => {
    if (!isStopped) leave()
  }
  // In two steps: where the event loop was blocked, the timers of the hooks are late as well.
  const wait = () => {
    timer = clock.setTimeout(() => clock.afterPoll(leaveUnlessStopped), Math.max(10, margin / 20))
  }
  let timer = clock.setTimeout(wait, deadline + margin / 2)
  return () => {
    isStopped = true
    clock.clearTimeout(timer)
  }
}
