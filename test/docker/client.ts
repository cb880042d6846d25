import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** What a command has written. */
export interface Output {
  readonly stdout: string
  readonly stderr: string
}

/** The command line of Docker, whichever version comes first in the path. */
export class Client {
  readonly #env: NodeJS.ProcessEnv

  /** Without a host it asks the engine that it would ask by default. */
  constructor(readonly host?: string) {
    // The builder within the engine needs no plug-in beside the client, and every engine has it.
    const env = { ...process.env, DOCKER_BUILDKIT: '0' }
    this.#env = host === undefined ? env : { ...env, DOCKER_HOST: host }
  }

  /** Resolves with what it has written to stdout; rejects with what it has written to stderr. */
  async run(...args: string[]): Promise<string> {
    return (await this.output(...args)).stdout.trim()
  }

  async output(...args: string[]): Promise<Output> {
    return execute('docker', args, { env: this.#env, maxBuffer: 64 * 1024 * 1024 })
  }

  /** For what is to be read from stdout while it is written. */
  spawn(...args: string[]): ChildProcessByStdio<null, Readable, null> {
    return spawn('docker', args, { env: this.#env, stdio: ['ignore', 'pipe', 'ignore'] })
  }

  /** Has the shell's output for input. */
  async pipe(from: ChildProcess, ...args: string[]): Promise<void> {
    const child = spawn('docker', args, { env: this.#env, stdio: ['pipe', 'ignore', 'inherit'] })
    if (child.stdin) from.stdout?.pipe(child.stdin)
    await Promise.all([succeeds(from), succeeds(child)])
  }
}

/** Resolves when a process has exited with 0, and rejects when it ends otherwise. */
function succeeds(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${child.spawnargs.join(' ')} ended with ${signal ?? code}`))
    })
  })
}
