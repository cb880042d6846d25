import { randomUUID } from 'node:crypto'
import { LastcallError } from '../../base/errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemProcess } from '../../runtime/process.ts'
import { explainSpawnError } from '../../runtime/spawn-error.ts'
import { showCommand, type Words } from './command.ts'
import { type Environment, environmentOf } from './environment.ts'
import { type Family, signalOne } from './family.ts'
import { type ProgramExit, type ProgramHandle, startAlone } from './handle.ts'
import { contains, type RunningProgram } from './options.ts'
import { startInTerminal } from './terminal.ts'

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
  /** Whether it has a channel for messages, or a terminal in front of it. Default: neither. */
  readonly by?: 'channel' | 'terminal'
}

/** How often it is looked whether others have ended, at first and later, in milliseconds. */
const INTERVAL = 10
const LONGEST_INTERVAL = 200

/** How long those that were killed may take to be gone, in milliseconds. */
const DEATH_TAKES = 2000

/** How long output may take to arrive once nobody is left who could write it, in milliseconds. */
const OUTPUT_TAKES = 1000

/** A real program in a session of its own, which never outlives the test. */
export class Program implements RunningProgram {
  readonly pid: number
  readonly name: string
  readonly start: Start
  /** Whether there is a real terminal in front of it. */
  readonly hasTerminal: boolean
  /** It, and all that it has started. */
  readonly family: Family
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
  /** Resolves when it has ended, and all that it wrote has come in. */
  readonly written: Promise<unknown>
  /** How it ended, once it has. */
  ending: ProgramExit | undefined
  /** When it ended, by the clock. */
  endedAt = 0
  stdout = ''
  stderr = ''
  readonly #handle: ProgramHandle
  #isOver: Promise<void> | undefined
  readonly #listeners = new Set<() => void>()

  /** @throws LastcallError `LASTCALL_NOT_READY` where it cannot be started */
  static async start(start: Start): Promise<Program> {
    const { words, wrapped = words, cwd, by } = start
    const name = showCommand(words)
    const refuse = (why: string) =>
      new LastcallError('LASTCALL_NOT_READY', `The program \`${name}\` ${why}.`)
    if (systemProcess.platform === 'win32') {
      throw refuse('cannot be stopped as that platform does it: Windows has no signals')
    }
    const mark = randomUUID()
    const env = environmentOf(systemProcess.env, start.platform, start.env, mark)
    const what = { words: wrapped, cwd, env, mark }
    const [command, ...args] = wrapped
    try {
      const inTerminal = by === 'terminal' ? await startInTerminal(what) : undefined
      const handle = inTerminal ?? (await startAlone(what, by === 'channel'))
      return new Program(name, start, handle, inTerminal !== undefined)
    } catch (error) {
      const fix = "write each word as an item of its own, as in ['node', 'server.js']"
      throw refuse(explainSpawnError(error, { command, args, cwd }, fix).message)
    }
  }

  private constructor(name: string, start: Start, handle: ProgramHandle, hasTerminal: boolean) {
    this.name = name
    this.start = start
    this.pid = handle.pid
    this.family = handle.family
    this.hasTerminal = hasTerminal
    this.#handle = handle
    for (const stream of ['stdout', 'stderr'] as const) {
      handle[stream].setEncoding('utf8').on('data', (chunk) => {
        this[stream] += chunk
        for (const listener of this.#listeners) listener()
      })
    }
    this.ended = handle.exited.then((ending) => {
      this.endedAt = systemClock.now()
      this.ending = ending
    })
    this.written = Promise.all([this.ended, handle.written])
  }

  get hasEnded(): boolean {
    return this.ending !== undefined
  }

  async says(what: string | RegExp): Promise<void> {
    const isSaid = contains(what)
    if (isSaid(this)) return
    await new Promise<void>((resolve, reject) => {
      const stopListening = this.onOutput(() => {
        if (!isSaid(this)) return
        stopListening()
        resolve()
      })
      void this.written.then(() => {
        stopListening()
        reject(
          new LastcallError(
            'LASTCALL_NOT_READY',
            `The program \`${this.name}\` has ended, and has not said ${String(what)}.`,
          ),
        )
      })
    })
  }

  /** Calls back when it has written something; returns a way to take it back. */
  onOutput(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Sends a signal to it alone; not where it has ended, for its number may be another's by then. */
  signal(signal: NodeJS.Signals): void {
    if (!this.hasEnded) signalOne(this.pid, signal)
  }

  send(message: string): void {
    this.#handle.send(message)
  }

  pressCtrlC(): void {
    this.#handle.pressCtrlC()
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
    // Nobody tells when a process ends that is no child of ours, and to look takes some milliseconds.
    for (
      let wait = INTERVAL;
      this.family.isAlive();
      wait = Math.min(wait * 1.5, LONGEST_INTERVAL)
    ) {
      const left = until - systemClock.now()
      if (left <= 0) return false
      await new Promise<void>((resolve) => systemClock.setTimeout(resolve, Math.min(wait, left)))
    }
    return true
  }

  /** Ends it with all that it has started, and waits for what it wrote. */
  end(): Promise<void> {
    this.#isOver ??= this.#end()
    return this.#isOver
  }

  async #end(): Promise<void> {
    this.family.signal('SIGKILL')
    await this.ended
    await this.isAloneWithin(DEATH_TAKES)
    this.family.end()
    const released = this.#handle.release()
    let timer: unknown
    const late = new Promise<void>((resolve) => {
      timer = systemClock.setTimeout(resolve, OUTPUT_TAKES)
    })
    await Promise.race([released, late])
    systemClock.clearTimeout(timer)
    // Held open by somebody who could not be ended, they would keep the test's process alive.
    for (const stream of [this.#handle.stdout, this.#handle.stderr]) stream.destroy()
  }
}
