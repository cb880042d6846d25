import { uptime } from 'node:os'
import { processInfo } from '../platform/process-info.ts'
import { systemClock } from '../runtime/clock.ts'
import { isZombie, procStat } from '../runtime/proc-stat.ts'
import { systemInspection } from '../runtime/process-inspection.ts'
import { sendSignal } from '../runtime/signals.ts'
import { terminal } from './terminal.ts'

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

/** What a process is called, without arguments that may hold secrets. `undefined` where there is no `/proc`. */
export function nameOf(pid: number): string | undefined {
  return processInfo(systemInspection, pid)?.command || undefined
}

/** When a process started, in the kernel's unit, if /proc has it. Tells two processes with the same pid apart. */
export function startTimeOf(pid: number): string | undefined {
  return procStat(pid)?.start
}

/** Linux counts the start of a process in hundredths of a second since the system started. */
const TICKS_PER_SECOND = 100

/** The time of day at which a process started, in milliseconds since 1970, to some hundredths of a second. */
export function startDateOf(pid: number): number | undefined {
  const start = startTimeOf(pid)
  if (start === undefined) return undefined
  // A container may have a shorter uptime than its kernel, and only the kernel's counts here.
  const up = Math.max(uptime(), terminal.kernelUptime)
  return systemClock.date() - (up - Number(start) / TICKS_PER_SECOND) * 1000
}

/** The id that Linux has given itself at its start. */
export function bootId(): string | undefined {
  return systemInspection.read('/proc/sys/kernel/random/boot_id')?.trim()
}

/** The number of the user whom a process belongs to. */
export function userOf(pid: number): number | undefined {
  const uid = /^Uid:\s*(\d+)/m.exec(systemInspection.read(`/proc/${pid}/status`) ?? '')?.[1]
  return uid === undefined ? undefined : Number(uid)
}
