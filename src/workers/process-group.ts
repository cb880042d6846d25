import { readdirSync } from 'node:fs'
import type { Clock } from '../runtime/clock.ts'
import { isZombie, procStat } from '../runtime/proc-stat.ts'
import { sendSignal } from '../runtime/signals.ts'

/** How often a group is looked at: nothing tells when a process ends that is no child of ours. */
const INTERVAL = 20

/** Whether there is a process group of this number that may be signalled. */
export function isGroup(id: number): boolean {
  try {
    return sendSignal(-id, 0)
  } catch {
    return false
  }
}

/** Resolves when no process of the group is left, or when somebody has ended the wait. */
export function groupHasEnded(id: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    // Zombies are few, and to look for them costs some milliseconds: less and less often.
    let wait = INTERVAL
    let next = clock.now()
    const look = () => {
      const looksForZombies = clock.now() >= next
      if (looksForZombies) {
        wait *= 2
        next = clock.now() + wait
      }
      if (signal.aborted || !isGroup(id) || (looksForZombies && hasOnlyZombies(id))) resolve()
      else clock.setTimeout(look, INTERVAL)
    }
    look()
  })
}

/**
 * Whether all that is left of a group has ended and was never waited for, as happens to orphans where
 * PID 1 is no init. Only Linux tells.
 */
function hasOnlyZombies(id: number): boolean {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .every((pid) => {
        // One that is gone has ended between the two looks.
        const stat = procStat(pid)
        return stat?.group !== id || isZombie(stat)
      })
  } catch {
    return false
  }
}
