import { formatDuration } from '../base/duration.ts'
import type { HookContext } from '../engine/hook.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'

/** What can be told to end, and be killed where it doesn't: a process, a group of them, a thread. */
export interface Stoppable {
  /** What it is called in reports: `child 'worker' (pid 12)`. */
  readonly label: string
  /** Tells it to end, or reminds it; returns how, in a few words. */
  notify(isReminder: boolean): string
  kill(): void
  /** Resolves when it has ended as it should; rejects where it ended otherwise. */
  ended(): Promise<void>
}

/** What it takes of a hook's context. */
export type StopContext = Pick<HookContext, 'signal' | 'remaining' | 'note' | 'waitingFor'>

/** How it is stopped. */
export interface StopPolicy {
  /** How the platform has told it already: a second signal may make it force its exit. */
  readonly wasTold?: string | undefined
  /** Whether it is reminded at half of the time. Default: where the platform has told it, or should have. */
  readonly reminds?: boolean
  readonly clock?: Clock
}

/** Tells it to end, waits, and kills it at the hook's limit. What cannot be told is killed at once. */
export async function stop(
  stoppable: Stoppable,
  context: StopContext,
  { wasTold, reminds = wasTold !== undefined, clock = systemClock }: StopPolicy = {},
): Promise<void> {
  const { signal, remaining, note, waitingFor } = context
  const ended = stoppable.ended()
  ended.catch(() => {}) // It may end badly when nobody waits any more.
  let told = { how: wasTold ?? 'nothing', at: clock.now() }
  const tell = (isReminder: boolean) => {
    told = { how: stoppable.notify(isReminder), at: clock.now() }
  }
  const attempt = (what: string, work: () => void) => {
    try {
      work()
    } catch (error) {
      note(`${stoppable.label} could not be ${what}: ${error}`) // Somebody else's, most often.
    }
  }
  const kill = () => attempt('killed', () => stoppable.kill())
  let isOver = false
  // At its own limit it is killed, and a note says so.
  waitingFor(() => (isOver || remaining() === 0 ? [] : [stoppable.label]))
  const atLimit = () => {
    note(`killed: ${stoppable.label}, ${formatDuration(clock.now() - told.at)} after ${told.how}`)
    kill()
  }
  let reminder: unknown
  signal.addEventListener('abort', atLimit, { once: true })
  try {
    if (wasTold === undefined) tell(false)
    const remind = () => attempt('reminded', () => tell(true))
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
