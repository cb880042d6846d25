import { readdirSync, readFileSync } from 'node:fs'

/** As much of proc(5)'s stat as is needed: what only Linux tells of a process. */
export interface ProcStat {
  /** Z and X are processes that have ended, and were not waited for yet. */
  readonly state: string
  readonly parent: number
  readonly group: number
  /** When it began, by the kernel's own count: another process of the same number has another. */
  readonly start: string
}

/** What the system tells of a process; `undefined` where it tells nothing, or the process is gone. */
export function procStat(pid: number | string): ProcStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may hold anything: what counts comes after the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state = '', parent = '', group = ''] = fields
    return { state, parent: Number(parent), group: Number(group), start: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** Whether a process has ended, as far as the system tells. */
export function isZombie({ state }: ProcStat): boolean {
  return state === 'Z' || state === 'X'
}

/** The processes that it has started, and they in turn, where the system tells. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const one of allProcesses()) {
    const parent = procStat(one)?.parent
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), one])
  }
  const found: number[] = []
  for (let next = children.get(pid) ?? []; next.length > 0; ) {
    found.push(...next)
    next = next.flatMap((one) => children.get(one) ?? [])
  }
  return found
}

/** Every process, where the system tells; none where it doesn't. */
export function allProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}
