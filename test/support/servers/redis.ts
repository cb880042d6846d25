import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Whether there is a redis-server on this machine. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

/** A server of a test's own, in a directory of its own, that keeps nothing. */
export class RedisServer {
  readonly #child: ChildProcess
  readonly #directory = mkdtempSync(join(tmpdir(), 'redis-'))
  readonly #ready: Promise<void>

  /** Where it listens: a socket in its directory, which nobody else can have taken as one can a port. */
  readonly url = join(this.#directory, 'redis.sock')

  constructor() {
    const args = ['--port', '0', '--unixsocket', this.url, '--dir', this.#directory]
    const none = ['--save', '', '--appendonly', 'no', '--logfile', '', '--daemonize', 'no']
    this.#child = spawn('redis-server', [...args, ...none], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#ready = this.#isReady()
  }

  /** Resolves when it takes connections. */
  async started(): Promise<this> {
    await this.#ready
    return this
  }

  /** It takes connections and answers nobody, until it goes on. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit')
      this.goOn()
      this.#child.kill('SIGTERM')
      await exit
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #isReady(): Promise<void> {
    await once(this.#child, 'spawn') // Rejects where there is no such program.
    const { stdout } = this.#child
    if (!stdout) throw new Error('redis-server has no stdout')
    let log = ''
    for await (const line of createInterface({ input: stdout })) {
      log += `${line}\n`
      if (/ready to accept connections/i.test(line)) {
        stdout.resume()
        return
      }
    }
    throw new Error(`redis-server did not start:\n${log}`)
  }
}
