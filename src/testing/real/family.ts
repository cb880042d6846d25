import { readFileSync } from 'node:fs'
import { allProcesses, descendantsOf, isZombie, procStat } from '../../runtime/proc-stat.ts'
import { sendSignal } from '../../runtime/signals.ts'
import { oneLine } from './command.ts'
import { markOf } from './environment.ts'

/**
 * A program and all that it has started, as in a container or a unit of systemd: its process group and,
 * on Linux, every other process with its mark, whatever its session.
 */
export class Family {
  /** The number of the process group. */
  readonly leader: number
  /** The variable that members inherit. */
  readonly mark: string
  readonly #excluded: readonly number[]
  /** When each known descendant began, by its pid: some have no mark. */
  readonly #known = new Map<number, string>()
  #isOver = false

  /** @param excluded processes of the group, or with the mark, that are no members */
  constructor(leader: number, mark: string, excluded: readonly number[] = []) {
    this.leader = leader
    this.mark = markOf(mark)
    this.#excluded = excluded
  }

  /** The pids of the running members, the leader included; empty without /proc. */
  members(): number[] {
    this.findDescendants()
    return allProcesses().filter((pid) => {
      const stat = procStat(pid)
      if (stat === undefined || isZombie(stat) || this.#excluded.includes(pid)) return false
      const isKnown = this.#known.get(pid) === stat.start
      return stat.group === this.leader || isKnown || this.#hasMark(pid)
    })
  }

  /** Records the descendants of the leader: once the leader has ended they can no longer be found. */
  findDescendants(): void {
    for (const [pid, start] of descendantsOf(this.leader)) this.#known.set(pid, start)
  }

  /** Whether any member runs. */
  isAlive(): boolean {
    if (this.#isOver) return false
    // Without /proc a zombie counts as well. It is soon reaped, by this process or by PID 1.
    return allProcesses().length === 0 ? this.signalGroup(0) : this.members().length > 0
  }

  /** The running members, as text. */
  names(): string {
    return this.members().map(nameOfPid).join(', ') || `some of the process group ${this.leader}`
  }

  /** Sends a signal to every member. */
  signal(signal: NodeJS.Signals): void {
    if (this.#isOver) return
    const isWhole = this.#excluded.length === 0
    if (isWhole) this.signalGroup(signal)
    for (const pid of this.members()) {
      if (!isWhole || procStat(pid)?.group !== this.leader) signalOne(pid, signal)
    }
  }

  /** Kills every member. Later calls do nothing, because the numbers may belong to other processes by then. */
  end(): void {
    // A member may be starting another process, which has the mark and is found in the next round. One that is
    // killed is listed until it has ended.
    for (let round = 0; round < 100 && this.isAlive(); round++) this.signal('SIGKILL')
    this.#isOver = true
  }

  /** Sends a signal to the group alone, as a terminal does. False where there is no group. */
  signalGroup(signal: NodeJS.Signals | 0): boolean {
    try {
      return sendSignal(-this.leader, signal)
    } catch {
      return false // The group runs as another user, as with sudo.
    }
  }

  #hasMark(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(this.mark)
    } catch {
      return false // It runs as another user, or has ended.
    }
  }
}

/** Sends a signal to a process that may have ended, or may run as another user. */
export function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    sendSignal(pid, signal)
  } catch {
    // It runs as another user, and cannot be signalled from here.
  }
}

/** The command line and the pid of a process. */
function nameOfPid(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return `${oneLine(words.join(' '))} (pid ${pid})`
  } catch {
    return `pid ${pid}`
  }
}
