import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A real process that runs a few lines of JavaScript with the built package, as users have it. */
export class Script {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor(
    code: string,
    options: SpawnOptions & { type?: 'module' | 'commonjs'; prefix?: readonly string[] } = {},
  ) {
    const { type = 'module', prefix = [], ...others } = options
    const node = [process.execPath, `--input-type=${type}`, '-e', code]
    const [command = '', ...args] = [...prefix, ...node]
    this.child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...others })
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk
    })
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk
    })
    this.ended = once(this.child, 'close').then(([status, signal]) => ({
      code: status,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
    }))
  }

  /** Resolves when it has written this to stdout; rejects if it ends without. */
  async says(text: string): Promise<this> {
    while (!this.stdout.includes(text)) {
      const chunk = this.child.stdout ? once(this.child.stdout, 'data') : Promise.reject()
      const over = this.ended.then((ended) => {
        if (!this.stdout.includes(text))
          throw new Error(`ended without '${text}': ${JSON.stringify(ended)}`)
      })
      await Promise.race([chunk, over])
    }
    return this
  }

  send(signal: NodeJS.Signals): this {
    this.child.kill(signal)
    return this
  }
}

/** A script that has a shutdown, keeps running, and says `ready` when it listens to signals. */
export function shutdownScript(body: string, options = '{}'): string {
  return `
    import { createShutdown, formatReport } from 'lastcall'
    const say = (text) => process.stdout.write(text + '\\n')
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    const shutdown = createShutdown(${options})
    ${body}
    shutdown.listen()
    setInterval(() => {}, 1000)
    say('ready')
  `
}
