import { readdirSync, readFileSync } from 'node:fs'
import { isZombie, procStat } from '../proc-stat.ts'
import { sendSignal } from '../process.ts'

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

/** The processes that it has started, and they in turn, where the system tells. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of processes()) {
    const parent = procStat(name)?.parent
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found: number[] = []
  for (let next = children.get(pid) ?? []; next.length > 0; ) {
    found.push(...next)
    next = next.flatMap((one) => children.get(one) ?? [])
  }
  return found
}

function processes(): string[] {
  try {
    return readdirSync('/proc').filter(isPid)
  } catch {
    return []
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
