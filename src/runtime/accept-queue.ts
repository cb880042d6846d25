import type { Clock } from './clock.ts'

/** How long to look for a phase in which nobody came, in milliseconds. */
export interface QueueWait {
  /** After so long it is over, whoever may still come. */
  readonly patience: number
  /** For how long nobody must have come. */
  readonly quiet: number
}

/**
 * Waits for a poll phase in which nobody was accepted. Whoever comes while the other events of that
 * phase are dealt with is lost, so it should be a short one; the longer it takes to find one, the
 * less short it has to be.
 *
 * @param accepted how many have been accepted so far
 */
export function acceptQueueIsEmpty(
  accepted: () => number,
  { patience, quiet }: QueueWait,
  clock: Clock,
): Promise<void> {
  const began = clock.now()
  return new Promise((resolve) => {
    // The phase that brought the signal may have begun before connections that have come since.
    let last = began
    let before = { accepted: Number.NaN, at: Number.NaN }
    const look = () => {
      const at = clock.now()
      const isShort = at - before.at < 0.2 + (at - began) / 2
      if (accepted() !== before.accepted) last = at
      const isEmpty = accepted() === before.accepted && isShort && at - last >= quiet
      if (isEmpty || at - began > patience) return resolve()
      before = { accepted: accepted(), at: clock.now() }
      if (at - last >= quiet) clock.afterPoll(look)
      else clock.setTimeout(() => clock.afterPoll(look), 1)
    }
    clock.afterPoll(look)
  })
}
