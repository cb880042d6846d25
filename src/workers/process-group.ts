import type { Clock } from '../runtime/clock.ts'
import { allProcesses, isZombie, procStat } from '../runtime/proc-stat.ts'
import { sendSignal } from '../runtime/signals.ts'

/** How often to check whether a group has ended, in milliseconds: the system reports the end of our children only. */
const INTERVAL = 20

/** How often to look for zombies at least, in milliseconds. */
const LONGEST_WAIT = 80

/** Whether a process group has this number and may be signalled. */
export function isGroup(id: number): boolean {
  try {
    return sendSignal(-id, 0)
  } catch {
    return false
  }
}

/** Resolves when every process of the group has ended, or when the signal aborts. */
export function groupHasEnded(id: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    // A search for zombies takes some milliseconds and seldom finds any: it runs less often after a while.
    let wait = INTERVAL
    let next = clock.now()
    const check = () => {
      const checksZombies = clock.now() >= next
      if (checksZombies) {
        wait = Math.min(wait * 2, LONGEST_WAIT)
        next = clock.now() + wait
      }
      if (signal.aborted || !isGroup(id) || (checksZombies && hasOnlyZombies(id))) resolve()
      else clock.setTimeout(check, INTERVAL)
    }
    check()
  })
}

/**
 * Whether all processes of a group have ended and some were not reaped, as happens to orphans where
 * PID 1 is no init. Works on Linux only.
 */
function hasOnlyZombies(id: number): boolean {
  const pids = allProcesses()
  const hasEnded = (pid: number) => {
    // A process without a stat has ended since /proc was read.
    const stat = procStat(pid)
    return stat?.group !== id || isZombie(stat)
  }
  return pids.length > 0 && pids.every(hasEnded)
}
