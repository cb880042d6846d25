import { formatDuration } from '../base/duration.ts'
import type { HookContext } from '../engine/hook.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'

/** What can be asked to end, and killed where it does not: a process, a process group or a thread. */
export interface Stoppable {
  /** Its name in reports: `child 'worker' (pid 12)`. */
  readonly label: string
  /** Asks it to end, or reminds it. Returns what it was sent, in a few words. */
  notify(isReminder: boolean): string
  kill(): void
  /** Resolves when it has ended as expected, and rejects when it has ended otherwise. */
  ended(): Promise<void>
}

/** The part of a hook's context that a stop needs. */
export type StopContext = Pick<HookContext, 'signal' | 'remaining' | 'note' | 'waitingFor'>

/** How it is stopped. */
export interface StopPolicy {
  /** The signal that the platform has sent already: a second one may make a process force its exit. */
  readonly alreadySignalled?: string | undefined
  /** Whether to remind it at half of the time. Default: only where it was signalled already. */
  readonly reminds?: boolean
  readonly clock?: Clock
}

/** Asks it to end, waits, and kills it at the hook's limit. What cannot be notified is killed at once. */
export async function stop(
  stoppable: Stoppable,
  context: StopContext,
  {
    alreadySignalled,
    reminds = alreadySignalled !== undefined,
    clock = systemClock,
  }: StopPolicy = {},
): Promise<void> {
  const { signal, remaining, note, waitingFor } = context
  const ended = stoppable.ended()
  ended.catch(() => {}) // After a failed notify() nothing awaits it.
  let notified = { how: alreadySignalled ?? 'nothing', at: clock.now() }
  const notify = (isReminder: boolean) => {
    notified = { how: stoppable.notify(isReminder), at: clock.now() }
  }
  const attempt = (what: string, work: () => void) => {
    try {
      work()
    } catch (error) {
      note(`${stoppable.label} could not be ${what}: ${error}`) // Most often it runs as another user.
    }
  }
  const kill = () => attempt('killed', () => stoppable.kill())
  let isOver = false
  // At its own limit it is killed, and the note about that is enough.
  waitingFor(() => (isOver || remaining() === 0 ? [] : [stoppable.label]))
  const atLimit = () => {
    const since = formatDuration(clock.now() - notified.at)
    note(`killed: ${stoppable.label}, ${since} after ${notified.how}`)
    kill()
  }
  let reminder: unknown
  signal.addEventListener('abort', atLimit, { once: true })
  try {
    if (alreadySignalled === undefined) notify(false)
    const remind = () => attempt('reminded', () => notify(true))
    if (reminds) reminder = clock.setTimeout(remind, remaining() / 2)
  } catch (error) {
    signal.removeEventListener('abort', atLimit)
    kill()
    throw error
  }
  try {
    await ended
  } finally {
    isOver = true
    clock.clearTimeout(reminder)
    signal.removeEventListener('abort', atLimit)
  }
}
