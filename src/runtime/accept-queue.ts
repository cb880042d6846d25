import type { Clock } from './clock.ts'

/**
 * Waits until the kernel's accept queue is empty: for a poll phase in which no connection was accepted. It
 * need not be known how many one phase accepts (libuv accepts one since Node 20, and more before).
 *
 * A connection that comes while that phase handles other events is lost. So the phase should be a short
 * one. The longer it takes to find one, the longer it may be.
 *
 * @param accepted how many connections have been accepted so far
 * @param wait `patience`: the longest to wait, also where connections still come. `quiet`: for how long
 * no connection must have come. Both in milliseconds
 */
export function acceptQueueIsEmpty(
  accepted: () => number,
  { patience, quiet }: { readonly patience: number; readonly quiet: number },
  clock: Clock,
): Promise<void> {
  const began = clock.now()
  return new Promise((resolve) => {
    // The poll phase that brought the signal may have begun before connections that have come since.
    let lastAt = began
    let before = { accepted: Number.NaN, at: Number.NaN }
    const check = () => {
      const at = clock.now()
      const isShort = at - before.at < 0.2 + (at - began) / 2
      if (accepted() !== before.accepted) lastAt = at
      const isEmpty = accepted() === before.accepted && isShort && at - lastAt >= quiet
      if (isEmpty || at - began > patience) return resolve()
      before = { accepted: accepted(), at: clock.now() }
      if (at - lastAt >= quiet) clock.afterPoll(check)
      else clock.setTimeout(() => clock.afterPoll(check), 1)
    }
    clock.afterPoll(check)
  })
}
