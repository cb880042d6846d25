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
  says(what: string | RegExp): Promise<this> {
    return this.#writes('stdout', what)
  }

  /** The same, of stderr. */
  reports(what: string | RegExp): Promise<this> {
    return this.#writes('stderr', what)
  }

  /** What the pattern matches in stdout. */
  async told(pattern: RegExp): Promise<RegExpMatchArray> {
    await this.says(pattern)
    return this.stdout.match(pattern) as RegExpMatchArray
  }

  send(signal: NodeJS.Signals): this {
    this.child.kill(signal)
    return this
  }

  async #writes(name: 'stdout' | 'stderr', what: string | RegExp): Promise<this> {
    const stream = this.child[name]
    const isWritten = () =>
      typeof what === 'string' ? this[name].includes(what) : what.test(this[name])
    while (!isWritten()) {
      const over = this.ended.then((ended) => {
        if (!isWritten()) throw new Error(`ended without '${what}': ${JSON.stringify(ended)}`)
      })
      await Promise.race([stream ? once(stream, 'data') : over, over])
    }
    return this
  }
}
