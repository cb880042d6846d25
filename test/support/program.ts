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

  constructor([command = '', ...args]: readonly string[], options: SpawnOptions = {}) {
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
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
    return Number(this.child.pid)
  }

  /** Resolves when this stands in what it has written to stdout; rejects if it ends without. */
  async says(what: string | RegExp): Promise<this> {
    const isSaid = () =>
      typeof what === 'string' ? this.stdout.includes(what) : what.test(this.stdout)
    while (!isSaid()) {
      const over = this.ended.then((ended) => {
        if (!isSaid()) throw new Error(`ended without '${what}': ${JSON.stringify(ended)}`)
      })
      await Promise.race([this.child.stdout ? once(this.child.stdout, 'data') : over, over])
    }
    return this
  }

  /** The same, with what the pattern matches there. */
  async told(pattern: RegExp): Promise<RegExpMatchArray> {
    await this.says(pattern)
    return this.stdout.match(pattern) as RegExpMatchArray
  }

  send(signal: NodeJS.Signals): this {
    this.child.kill(signal)
    return this
  }
}
