import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** A child of the test's own process. What is left of it, and of its group, is killed at the test's end. */
export class Child {
  readonly process: ChildProcess
  /** Resolves when it, and whatever else holds its stdout, has ended. */
  readonly closed: Promise<unknown>
  stdout = ''

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], ...options })
    // Not by its event `close`, which Node does not tell where we have closed the channel.
    const { stdout } = this.process
    this.closed = Promise.all([once(this.process, 'exit'), stdout && once(stdout, 'close')])
    stdout?.on('data', (chunk) => {
      this.stdout += chunk
    })
    onTestFinished(() => {
      if (options.detached) killGroup(this.pid)
      this.process.kill('SIGKILL')
    })
  }

  get pid(): number {
    return this.process.pid ?? 0
  }

  /** Resolves when it has written this to stdout; rejects if it ends without. */
  async says(text: string): Promise<this> {
    while (!this.stdout.includes(text)) {
      const over = this.closed.then(() => {
        if (!this.stdout.includes(text)) throw new Error(`ended without '${text}': ${this.stdout}`)
      })
      await Promise.race([this.process.stdout ? once(this.process.stdout, 'data') : over, over])
    }
    return this
  }
}

/** A child that runs a few lines of JavaScript, once it has said that it is ready. */
export function nodeChild(code: string, options?: SpawnOptions): Promise<Child> {
  const program = `const say = (text) => process.stdout.write(text + '\\n')
    setInterval(() => {}, 1000)
    ${code}
    say('ready')`
  return new Child(process.execPath, ['-e', program], options).says('ready')
}

/** A child that runs a few lines of shell; they have to say that they are ready. */
export function shellChild(code: string, options?: SpawnOptions): Promise<Child> {
  return new Child('sh', ['-c', code], options).says('ready')
}

/** Whether a process runs: one that has ended, and that nobody has waited for yet, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return !hasProc || /^[^ZX]/.test(stateOf(pid))
}

/** Whether the system tells of its processes by files, as Linux does. */
export const hasProc = existsSync('/proc/self/stat')

/** Stops processes, and resolves when they have come to a halt: what they are sent next is held back. */
export async function suspend(...pids: number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  while (!pids.every((pid) => stateOf(pid) === 'T')) await setImmediate()
}

/** The state of a process, as a letter; empty where there is none. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.charAt(stat.lastIndexOf(')') + 2)
  } catch {
    return ''
  }
}

function killGroup(leader: number): void {
  try {
    if (leader > 0) process.kill(-leader, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}
