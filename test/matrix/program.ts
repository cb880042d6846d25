import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A real process, looked at from outside. */
export class Program {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor([command = '', ...args]: readonly string[], options: SpawnOptions) {
    // Away from the terminal, if there is one: a Ctrl-C there is for this process, and it is no terminal's program.
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    this.child = spawn(command, args, { stdio: [...stdio], detached: true, ...options })
    for (const name of ['stdout', 'stderr'] as const) {
      this.child[name]?.setEncoding('utf8').on('data', (text: string) => {
        this[name] += text
      })
    }
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      return { code, signal, stdout: this.stdout, stderr: this.stderr }
    })
  }

  get pid(): number {
    return this.child.pid ?? Number.NaN
  }

  /** Resolves with what the pattern matches in its stdout; rejects if it ends without. */
  async says(pattern: string | RegExp): Promise<RegExpMatchArray> {
    const regular =
      typeof pattern === 'string'
        ? new RegExp(pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        : pattern
    for (;;) {
      const match = this.stdout.match(regular)
      if (match) return match
      const over = this.ended.then((ended) => {
        if (!regular.test(this.stdout))
          throw new Error(`ended without '${pattern}': ${describe(ended)}`)
      })
      const data = this.child.stdout ? once(this.child.stdout, 'data') : over
      await Promise.race([data, over])
    }
  }

  send(signal: NodeJS.Signals): this {
    this.child.kill(signal)
    return this
  }
}

/** In one line, as much as tells what went wrong. */
export function describe({ code, signal, stdout, stderr }: Partial<Ended>): string {
  const how = signal ?? (code === undefined ? 'running' : `code ${code}`)
  return `${how}, stdout ${short(stdout)}, stderr ${short(stderr)}`
}

function short(text = ''): string {
  return JSON.stringify(text.length > 600 ? `${text.slice(0, 300)} … ${text.slice(-300)}` : text)
}
