import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Whether there is an etcd on this machine. */
export const hasEtcd = spawnSync('etcd', ['--version']).status === 0

/** A server of a test's own, in a directory of its own; what it has been told survives a restart. */
export class EtcdServer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'etcd-'))
  #child: ChildProcess | undefined

  /** Where it listens: a socket in its directory, which nobody else can have taken as one can a port. */
  readonly url = `unix:${join(this.#directory, 'client:0')}`

  /** Resolves when it takes requests. */
  async start(): Promise<this> {
    // Those of one that was killed are in its way.
    for (const socket of ['client:0', 'peer:0'])
      rmSync(join(this.#directory, socket), { force: true })
    const child = spawn('etcd', OPTIONS, {
      cwd: this.#directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    await once(child, 'spawn') // Rejects where there is no such program.
    let log = ''
    for await (const line of createInterface({ input: child.stderr })) {
      log += `${line}\n`
      if (/serving insecure client requests|serving client traffic insecurely/.test(line)) {
        child.stderr.resume()
        return this
      }
    }
    throw new Error(`etcd did not start:\n${log}`)
  }

  /** It takes connections and answers nobody, until it goes on. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Gone at once, as in a crash: asked to stop, it waits for its clients. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  /** Gone, with all that it has been told. */
  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** Its sockets lie in the directory that it is started in. Quick elections allow for a lease of a second. */
const OPTIONS = [
  ...['--data-dir', 'data', '--unsafe-no-fsync'],
  ...['--listen-client-urls', 'unix://client:0', '--advertise-client-urls', 'http://client:1'],
  ...['--listen-peer-urls', 'unix://peer:0', '--initial-advertise-peer-urls', 'http://localhost:1'],
  ...['--initial-cluster', 'default=http://localhost:1'],
  ...['--heartbeat-interval', '20', '--election-timeout', '200'],
]
