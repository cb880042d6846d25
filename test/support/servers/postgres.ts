import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sendSignal } from '../../../src/runtime/signals.ts'
import { Program } from '../programs/program.ts'

const VERSIONS = '/usr/lib/postgresql'

/** Whether there is a PostgreSQL on this machine, as Debian installs it. */
export const hasPostgres =
  existsSync(VERSIONS) &&
  readdirSync(VERSIONS).some((version) => existsSync(join(VERSIONS, version, 'bin', 'initdb')))

/** A server of a test's own, in a directory of its own, reached by a socket there. */
export class PostgresServer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'postgres-'))
  readonly #server: Program

  /** What `pg` takes to connect to it. */
  readonly url =
    `postgres://postgres@localhost/postgres?host=${encodeURIComponent(this.#directory)}`

  constructor() {
    const programs = join(VERSIONS, newest(readdirSync(VERSIONS)), 'bin')
    const data = join(this.#directory, 'data')
    const user = userOf('postgres')
    if (user) chownSync(this.#directory, user.uid, user.gid)
    const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8']
    execFileSync(join(programs, 'initdb'), initdb, { ...user, cwd: this.#directory, stdio: 'pipe' })
    const options = ['-D', data, '-k', this.#directory, '-c', 'listen_addresses=']
    this.#server = new Program([join(programs, 'postgres'), ...options], {
      ...user,
      cwd: this.#directory,
    })
  }

  /** Resolves when it takes connections. */
  async started(): Promise<this> {
    await this.#server.reports('ready to accept connections')
    return this
  }

  /** It takes connections and answers nobody, until it goes on. */
  pause(): void {
    this.#signalAll('SIGSTOP')
  }

  goOn(): void {
    this.#signalAll('SIGCONT')
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#server.child
    if (exitCode === null && signalCode === null) this.goOn()
    // SIGINT is its fast shutdown: it waits for no client.
    this.#server.send('SIGINT')
    await this.#server.ended
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #signalAll(signal: NodeJS.Signals): void {
    // Itself first, so that it starts no others meanwhile.
    process.kill(this.#server.pid, signal)
    for (const pid of childrenOf(this.#server.pid)) sendSignal(pid, signal)
  }
}

function newest(versions: readonly string[]): string {
  return String([...versions].sort((one, other) => Number(other) - Number(one))[0])
}

/** It refuses to run as root. */
function userOf(name: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [, uid, gid] =
    new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(readFileSync('/etc/passwd', 'utf8')) ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.trim().split(' ').filter(Boolean).map(Number)
}
