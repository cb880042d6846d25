import { readFileSync } from 'node:fs'
import { sendSignal } from '../process.ts'

/** Whether a process runs, whoever's it is. One that has ended, and was not waited for yet, does not. */
export function isAlive(pid: number): boolean {
  try {
    if (!sendSignal(pid, 0)) return false
  } catch {
    return true // Somebody else's.
  }
  const state = statOf(pid)?.[0]
  return state !== 'Z' && state !== 'X'
}

/** Its command line, where the system tells. */
export function commandOf(pid: number): string | undefined {
  const line = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim()
  return line || undefined
}

/** When it began, in milliseconds since 1970, to a second or so, where the system tells. */
export function startOf(pid: number): number | undefined {
  const ticks = Number(statOf(pid)?.[19])
  const boot = Number(/^btime (\d+)$/m.exec(read('/proc/stat') ?? '')?.[1])
  return Number.isFinite(ticks + boot) ? (boot + ticks / TICKS_A_SECOND) * 1000 : undefined
}

/** USER_HZ, which is 100 on every system that Node runs on. */
const TICKS_A_SECOND = 100

/** The fields of proc(5)'s stat after the name, which stands in brackets and may hold anything. */
function statOf(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
