import type { Clock } from './clock.ts'

/**
 * Waits until the kernel's accept queue is empty: until a poll phase accepts no connection. This works
 * however many a phase accepts (libuv: one since Node 20, more before).
 *
 * A connection that comes while that phase handles other events is lost, so the phase has to be short.
 * The longer the wait, the longer a phase may be.
 *
 * @param accepted how many connections have been accepted so far
 * @param wait in milliseconds. `patience`: the longest wait, even if connections still come. `quiet`: the
 * time that must have passed without a connection
 */
export function acceptQueueIsEmpty(
  accepted: () => number,
  { patience, quiet }: { readonly patience: number; readonly quiet: number },
  clock: Clock,
): Promise<void> {
  const began = clock.now()
  return new Promise((resolve) => {
    // Connections may have come after the poll phase that brought the signal began.
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
