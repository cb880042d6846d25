import { readdirSync, readFileSync } from 'node:fs'

/** The fields of `/proc/<pid>/stat` (proc(5)) that are needed here. Only Linux has it. */
export interface ProcStat {
  /** Z and X: the process has ended, and its parent has not collected it yet. */
  readonly state: string
  readonly parent: number
  readonly group: number
  /** When it started, in the kernel's ticks. It tells two processes apart that had the same pid. */
  readonly start: string
}

/** Reads the state of a process. `undefined` where the system has no `/proc`, or the process is gone. */
export function procStat(pid: number | string): ProcStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name is in brackets and may contain brackets. The fields follow the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state = '', parent = '', group = ''] = fields
    return { state, parent: Number(parent), group: Number(group), start: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** Whether a process has ended, and is only listed because its parent has not collected it. */
export function isZombie({ state }: ProcStat): boolean {
  return state === 'Z' || state === 'X'
}

/**
 * The children of a process, their children, and so on, each with its start. None where the system has no
 * `/proc`.
 */
export function descendantsOf(pid: number): ReadonlyMap<number, string> {
  const children = new Map<number, (readonly [pid: number, start: string])[]>()
  for (const child of allProcesses()) {
    const stat = procStat(child)
    if (!stat) continue
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), [child, stat.start]])
  }
  const found = new Map<number, string>()
  for (let next = children.get(pid) ?? []; next.length > 0; ) {
    for (const [child, start] of next) found.set(child, start)
    next = next.flatMap(([parent]) => children.get(parent) ?? [])
  }
  return found
}

/** The pids of all processes. None where the system has no `/proc`. */
export function allProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}
