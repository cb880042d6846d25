import { readFileSync } from 'node:fs'
import { allProcesses, descendantsOf, isZombie, procStat } from '../../runtime/proc-stat.ts'
import { sendSignal } from '../../runtime/signals.ts'
import { shorten } from './command.ts'
import { MARK } from './environment.ts'

/**
 * A program and all that it has started: what a container, or a unit of systemd, holds. That is its
 * process group and, on Linux, everything else that bears its mark, in whichever session.
 */
export class Family {
  /** The number of its process group. */
  readonly leader: number
  /** The variable that all of them have. */
  readonly mark: string
  readonly #stranger: number | undefined
  /** Those that have been seen among its descendants, by when they began: one may have no mark. */
  readonly #seen = new Map<number, string>()
  #isOver = false

  /** @param stranger one of the group that is none of them */
  constructor(leader: number, mark: string, stranger?: number) {
    this.leader = leader
    this.mark = `${MARK}=${mark}`
    this.#stranger = stranger
  }

  /** Those that run, the leader among them, where the system tells. */
  members(): number[] {
    this.look()
    return allProcesses().filter((pid) => {
      const stat = procStat(pid)
      if (stat === undefined || isZombie(stat) || pid === this.#stranger) return false
      const isSeen = this.#seen.get(pid) === stat.start
      return stat.group === this.leader || isSeen || this.#bearsMark(pid)
    })
  }

  /** Remembers whom it has started, as long as it is there to tell. */
  look(): void {
    for (const pid of descendantsOf(this.leader)) {
      const start = procStat(pid)?.start
      if (start !== undefined) this.#seen.set(pid, start)
    }
  }

  /** Whether anybody is left. */
  isAlive(): boolean {
    if (this.#isOver) return false
    // Without /proc a zombie counts as well: it is waited for soon, by us or by PID 1.
    return allProcesses().length === 0 ? this.signalGroup(0) : this.members().length > 0
  }

  /** What those that run are called, for people. */
  names(): string {
    return this.members().map(nameOfPid).join(', ') || `some of the process group ${this.leader}`
  }

  /** Sends a signal to everybody. */
  signal(signal: NodeJS.Signals): void {
    if (this.#isOver) return
    const isWhole = this.#stranger === undefined
    if (isWhole) this.signalGroup(signal)
    for (const pid of this.members()) {
      if (!isWhole || procStat(pid)?.group !== this.leader) signalOne(pid, signal)
    }
  }

  /** Ends everybody, for good: from now on its numbers may be somebody else's. */
  end(): void {
    // Whoever is starting another one has the mark, and so has that.
    for (let round = 0; round < 5 && this.isAlive(); round++) this.signal('SIGKILL')
    this.#isOver = true
  }

  /** Sends it to the group alone, as a terminal does; false where there is none. */
  signalGroup(signal: NodeJS.Signals | 0): boolean {
    try {
      return sendSignal(-this.leader, signal)
    } catch {
      return false // It has become somebody else's, as with sudo.
    }
  }

  #bearsMark(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(this.mark)
    } catch {
      return false // Somebody else's, or gone.
    }
  }
}

/** To one that may have gone, or become somebody else's. */
export function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    sendSignal(pid, signal)
  } catch {
    // Theirs to end.
  }
}

/** What people know a process by. */
function nameOfPid(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return `${shorten(words.join(' '))} (pid ${pid})`
  } catch {
    return `pid ${pid}`
  }
}
