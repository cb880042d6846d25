import { type Clock, systemClock } from '../clock.ts'
import { formatDuration } from '../duration.ts'
import type { HookContext } from '../hook.ts'

/** What can be told to end, and be killed where it doesn't: a process, a group of them, a thread. */
export interface Mortal {
  /** What it is called in reports: `child 'worker' (pid 12)`. */
  readonly label: string
  /** Tells it to end, or reminds it; returns how, in a few words. */
  tell(isReminder: boolean): string
  kill(): void
  /** Resolves when it has ended as it should; rejects where it ended otherwise. */
  ended(): Promise<void>
}

/** What it takes of a hook's context. */
export type StopContext = Pick<HookContext, 'signal' | 'remaining' | 'note'>

/** How it is stopped. */
export interface StopOptions {
  /** How the platform has told it already: a second signal may make it force its exit. */
  readonly wasTold?: string | undefined
  /** Whether it is reminded at half of the time. Default: where the platform has told it, or should have. */
  readonly reminds?: boolean
  readonly clock?: Clock
}

/** Tells it to end, waits, and kills it at the hook's limit. */
export async function stop(
  mortal: Mortal,
  context: StopContext,
  { wasTold, reminds = wasTold !== undefined, clock = systemClock }: StopOptions = {},
): Promise<void> {
  const began = clock.now()
  const ended = mortal.ended()
  let told = wasTold ?? mortal.tell(false)
  const remind = () => {
    told = mortal.tell(true)
  }
  const reminder = reminds ? clock.setTimeout(remind, context.remaining() / 2) : undefined
  const atLimit = () => {
    const { note } = context
    note(`killed: ${mortal.label}, ${formatDuration(clock.now() - began)} after ${told}`)
    try {
      mortal.kill()
    } catch (error) {
      note(`${mortal.label} could not be killed: ${error}`) // It has become somebody else's.
    }
  }
  context.signal.addEventListener('abort', atLimit, { once: true })
  try {
    await ended
  } finally {
    clock.clearTimeout(reminder)
    context.signal.removeEventListener('abort', atLimit)
  }
}
