import { readdirSync } from 'node:fs'
import { isZombie, procStat } from '../../runtime/proc-stat.ts'

/** How far a process is, as the kernel sees it. `undefined` if the system does not tell: all but Linux. */
export function stateOf(pid: number): 'asleep' | 'at work' | 'ended' | undefined {
  if (procStat('self') === undefined) return undefined
  const stat = procStat(pid)
  if (stat === undefined || isZombie(stat)) return 'ended'
  return isAsleep(pid) ? 'asleep' : 'at work'
}

/** Whether every thread of a process waits for something or is halted. In a process that exits, one runs. */
function isAsleep(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      /^[SIT]$/i.test(procStat(`${pid}/task/${thread}`)?.state ?? ''),
    )
  } catch {
    return false // It ends just now.
  }
}
