import { readFileSync } from 'node:fs'
import { isZombie, procStat } from '../runtime/proc-stat.ts'
import { sendSignal } from '../runtime/signals.ts'

/** The largest pid of any system. */
const MAX_PID = 2 ** 31 - 1

export function isPid(text: string): boolean {
  return /^[1-9]\d*$/.test(text) && Number(text) <= MAX_PID
}

/** Whether a process, of any user, is running. A zombie is not. */
export function isAlive(pid: number): boolean {
  try {
    if (!sendSignal(pid, 0)) return false
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
  const stat = procStat(pid)
  return stat === undefined || !isZombie(stat)
}

/** The command line of a process, if /proc has it. */
export function commandLineOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined
  } catch {
    return undefined
  }
}

/** When a process started, in the kernel's unit, if /proc has it. Tells two processes with the same pid apart. */
export function startTimeOf(pid: number): string | undefined {
  return procStat(pid)?.start
}
