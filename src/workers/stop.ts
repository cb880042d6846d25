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

/** How it is stopped. */
export interface StopOptions {
  /**
   * The platform has told it already: a second signal may make it force its exit. It is told once
   * more at half of the time, in case that it was not.
   */
  readonly wasTold?: string | undefined
  readonly clock?: Clock
}

/** Tells it to end, waits, and kills it at the hook's limit. */
export async function stop(
  mortal: Mortal,
  context: HookContext,
  { wasTold, clock = systemClock }: StopOptions = {},
): Promise<void> {
  const began = clock.now()
  const ended = mortal.ended()
  let told = wasTold ?? mortal.tell(false)
  const tellAgain = () => {
    told = mortal.tell(true)
  }
  const reminder =
    wasTold === undefined ? undefined : clock.setTimeout(tellAgain, context.remaining() / 2)
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
