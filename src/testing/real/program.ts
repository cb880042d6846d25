import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { systemClock } from '../../clock.ts'
import { LastcallError } from '../../errors.ts'
import { systemProcess } from '../../process.ts'
import { explainSpawnError } from '../../spawn-error.ts'
import { showCommand, type Words } from './command.ts'
import { type Environment, environmentOf } from './environment.ts'
import { Family } from './family.ts'
import { guard } from './guard.ts'
import type { RunningProgram } from './options.ts'

/** What a program is started with. */
export interface Start {
  readonly words: Words
  /** What is started in its place, where a preset needs something before it. */
  readonly wrapped?: Words
  readonly cwd: string | undefined
  /** The variables of the platform. */
  readonly platform: Environment
  /** The variables that the test gives. */
  readonly env: Environment
  /** Whether it has a channel for messages. */
  readonly channel?: boolean
}

/** How often it is looked whether others have ended, in milliseconds. */
const INTERVAL = 10

/** How long those that were killed may take to be gone, in milliseconds. */
const DEATH_TAKES = 2000

/** How long output may take to arrive once nobody is left who could write it, in milliseconds. */
const OUTPUT_TAKES = 1000

/** A real program in a session of its own, which never outlives the test. */
export class Program implements RunningProgram {
  readonly pid: number
  readonly name: string
  readonly start: Start
  /** It, and all that it has started. */
  readonly family: Family
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
  /** Resolves when it has ended, and all that it wrote has come in. */
  readonly closed: Promise<void>
  /** When it ended, by the clock. */
  endedAt = Number.NaN
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #release: () => void
  readonly #listeners = new Set<() => void>()

  /** @throws LastcallError `LASTCALL_NOT_READY` where it cannot be started */
  static async start(start: Start): Promise<Program> {
    const { words, wrapped = words, cwd, channel } = start
    const name = showCommand(words)
    const refuse = (why: string) =>
      new LastcallError('LASTCALL_NOT_READY', `The program \`${name}\` ${why}.`)
    if (systemProcess.platform === 'win32') {
      throw refuse('cannot be stopped as that platform does it: Windows has no signals')
    }
    const mark = randomUUID()
    const env = environmentOf(systemProcess.env, start.platform, start.env, mark)
    const [command, ...args] = wrapped
    try {
      const child = spawn(command, args, {
        cwd,
        env,
        stdio: ['ignore', 'pipe', 'pipe', ...(channel ? (['ipc'] as const) : [])],
        // Nothing that ends the test's own group or terminal may reach it first, and it is ended whole.
        detached: true,
      })
      await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
      return new Program(name, child, start, mark)
    } catch (error) {
      const fix = "write each word as an item of its own, as in ['node', 'server.js']"
      throw refuse(explainSpawnError(error, { command, args, cwd }, fix).message)
    }
  }

  private constructor(name: string, child: ChildProcess, start: Start, mark: string) {
    this.name = name
    this.pid = Number(child.pid)
    this.family = new Family(this.pid, mark)
    this.#child = child
    this.start = start
    this.#release = guard(this.family)
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (chunk) => {
        this[stream] += chunk
        for (const listener of this.#listeners) listener()
      })
    }
    // A message that it could not be sent is seen by its not ending.
    child.on('error', () => {})
    this.ended = new Promise((resolve) => {
      child.once('exit', () => {
        this.endedAt = systemClock.now()
        resolve()
      })
    })
    this.closed = new Promise((resolve) => child.once('close', () => resolve()))
  }

  get hasEnded(): boolean {
    return !Number.isNaN(this.endedAt)
  }

  get code(): number | null {
    return this.#child.exitCode
  }

  get endedBy(): NodeJS.Signals | null {
    return this.#child.signalCode
  }

  /** Calls back when it has written something; returns a way to take it back. */
  onOutput(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Sends a signal to it alone; not where it has ended, for its number may be another's by then. */
  signal(signal: NodeJS.Signals): void {
    if (!this.hasEnded) this.#child.kill(signal)
  }

  send(message: string): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** Whether it ends within so many milliseconds. */
  async endsWithin(milliseconds: number): Promise<boolean> {
    let timer: unknown
    const late = new Promise<void>((resolve) => {
      // A timer fires before the loop has heard that it has ended.
      const atLimit = () => systemClock.afterPoll(resolve)
      timer = systemClock.setTimeout(atLimit, milliseconds)
    })
    await Promise.race([this.ended, late])
    systemClock.clearTimeout(timer)
    return this.hasEnded
  }

  /** Whether all that it has started ends, too, within so many milliseconds. */
  async isAloneWithin(milliseconds: number): Promise<boolean> {
    const until = systemClock.now() + milliseconds
    while (this.family.isAlive()) {
      if (systemClock.now() >= until) return false
      // Nobody tells when a process ends that is no child of ours.
      await new Promise<void>((resolve) => systemClock.setTimeout(resolve, INTERVAL))
    }
    return true
  }

  /** Ends it with all that it has started, and waits for what it wrote. */
  async end(): Promise<void> {
    this.family.signal('SIGKILL')
    await this.ended
    await this.isAloneWithin(DEATH_TAKES)
    this.family.end()
    let timer: unknown
    const late = new Promise<void>((resolve) => {
      timer = systemClock.setTimeout(resolve, OUTPUT_TAKES)
    })
    await Promise.race([this.closed, late])
    systemClock.clearTimeout(timer)
    this.#release()
    // Held open by somebody who could not be ended, they would keep the test's process alive.
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy()
    if (this.#child.connected) this.#child.disconnect()
  }
}
