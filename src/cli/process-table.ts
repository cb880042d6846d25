import { readFileSync } from 'node:fs'
import { isZombie, procStat } from '../runtime/proc-stat.ts'
import { sendSignal } from '../runtime/signals.ts'

/** The largest number that a process may have on any system. */
const MOST = 2 ** 31 - 1

export function isPid(text: string): boolean {
  return /^[1-9]\d*$/.test(text) && Number(text) <= MOST
}

/** Whether a process runs, whoever's it is. One that has ended, and was not waited for yet, does not. */
export function isAlive(pid: number): boolean {
  try {
    if (!sendSignal(pid, 0)) return false
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
  const stat = procStat(pid)
  return stat === undefined || !isZombie(stat)
}

/** Its command line, where the system tells. */
export function commandOf(pid: number): string | undefined {
  const line = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim()
  return line || undefined
}

/** When it began, by the kernel's own count, where the system tells: another process has another. */
export function startOf(pid: number): string | undefined {
  return procStat(pid)?.start
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
