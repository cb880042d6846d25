import { randomUUID } from 'node:crypto'
import { LastcallError, type LastcallErrorCode } from '../../base/errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { describeExitStatus, type ExitStatus } from '../../runtime/exit-status.ts'
import { systemProcess } from '../../runtime/process.ts'
import { explainSpawnError } from '../../runtime/spawn-error.ts'
import { withLimit } from '../../runtime/with-limit.ts'
import { stateOf } from './asleep.ts'
import { showCommand, type Words } from './command.ts'
import { type Environment, environmentOf } from './environment.ts'
import { type Family, signalOne } from './family.ts'
import { type ProgramHandle, startAlone } from './handle.ts'
import type { ProgramSettings, RunningProgram } from './options.ts'
import { Output, type Pattern, parsePattern } from './output.ts'
import { needRealTimers } from './real-timers.ts'
import { startInTerminal } from './terminal.ts'

/** How a platform starts programs. */
export interface StartMethod {
  /** The variables by which programs recognise the platform. */
  readonly env: Environment
  /** Whether its programs have a channel for messages, or a terminal. Default: neither. */
  readonly by?: 'channel' | 'terminal'
  /** Returns the words to start instead, if something has to run before the program. */
  wrap?(words: Words): Words
}

/** How often to check whether all that it started has ended, at first and later, in milliseconds. */
const INTERVAL = 10
const LONGEST_INTERVAL = 200

/** How often the whole output is searched, if need be, while nothing new comes, in milliseconds. */
const SEARCH_INTERVAL = 50

/** How often, and for how long, a program that is at work is looked at before its stop, in milliseconds. */
const LOOK_INTERVAL = 2
const LOOK_WAIT = 100

/** How long killed processes may take to end, in milliseconds. */
const KILL_WAIT = 2000

/** How long output may take to arrive once all that could write it has ended, in milliseconds. */
const OUTPUT_WAIT = 1000

/** A real program in a separate session. It never outlives the test. */
export class StartedProgram implements RunningProgram {
  readonly pid: number
  /** The program, and all that it has started. */
  readonly family: Family
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
  /** Resolves when it has ended, and all its output has arrived. */
  readonly written: Promise<unknown>
  /** How it ended; `undefined` until then. */
  status: ExitStatus | undefined
  /** When it ended, by the system's clock. */
  endedAt = 0
  readonly #outputs = { stdout: new Output(), stderr: new Output() }
  readonly #listeners = new Set<() => void>()
  #isOver: Promise<void> | undefined

  /** @throws LastcallError `LASTCALL_NOT_READY` where it cannot be started */
  static async start(
    words: Words,
    { cwd, env }: Pick<ProgramSettings, 'cwd' | 'env'>,
    { env: ofPlatform, by, wrap = (same) => same }: StartMethod,
  ): Promise<StartedProgram> {
    await needRealTimers()
    const name = showCommand(words)
    if (systemProcess.platform === 'win32') {
      throw notReady(name, 'cannot be stopped as that platform does it: Windows has no signals')
    }
    const mark = randomUUID()
    const all = environmentOf(systemProcess.env, ofPlatform, env, mark)
    const what = { words: wrap(words), cwd, env: all, mark }
    try {
      const inTerminal = by === 'terminal' ? await startInTerminal(what) : undefined
      return new StartedProgram(name, inTerminal ?? (await startAlone(what, by === 'channel')))
    } catch (error) {
      const [command, ...args] = what.words
      const fix = "write each word as a separate item, as in ['node', 'server.js']"
      throw notReady(name, explainSpawnError(error, { command, args, cwd }, fix).message)
    }
  }

  private constructor(
    readonly name: string,
    readonly handle: ProgramHandle,
  ) {
    this.pid = handle.pid
    this.family = handle.family
    for (const stream of ['stdout', 'stderr'] as const) {
      handle[stream].setEncoding('utf8').on('data', (chunk) => {
        this.#outputs[stream].add(chunk)
        for (const listener of this.#listeners) listener()
      })
    }
    this.ended = handle.exited.then((status) => {
      this.endedAt = systemClock.now()
      this.status = status
    })
    this.written = Promise.all([this.ended, handle.written])
  }

  get hasEnded(): boolean {
    return this.status !== undefined
  }

  get stdout(): string {
    return this.#outputs.stdout.text
  }

  get stderr(): string {
    return this.#outputs.stderr.text
  }

  async says(what: string | RegExp): Promise<void> {
    const search = this.search(parsePattern(what))
    let stopListening = () => {}
    let next: unknown
    const said = new Promise<boolean>((resolve) => {
      const check = () => {
        if (search.isFound(false)) resolve(true)
      }
      const poll = () => {
        check()
        next = systemClock.setTimeout(poll, SEARCH_INTERVAL)
      }
      stopListening = this.onOutput(check)
      poll()
    })
    const hasSaid = await Promise.race([said, this.written.then(() => search.isFound(true))])
    systemClock.clearTimeout(next)
    stopListening()
    search.stop()
    if (!hasSaid) {
      throw endedEarly(this, `has ended, and has not written ${String(what)}`)
    }
  }

  /** Begins to search both streams. */
  search(pattern: Pattern) {
    const searches = [this.#outputs.stdout.search(pattern), this.#outputs.stderr.search(pattern)]
    return {
      /** @param isLast whether no more output will come */
      isFound: (isLast: boolean) => searches.some((search) => search.isFound(isLast)),
      stop() {
        for (const search of searches) search.stop()
      },
    }
  }

  /** Calls back whenever it has written something. Returns a function that removes the listener. */
  onOutput(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Sends a signal to it alone. Once it has ended, its pid may belong to another process: nothing is sent. */
  signal(signal: NodeJS.Signals): void {
    if (!this.hasEnded) signalOne(this.pid, signal)
  }

  /**
   * Resolves with whether it has ended although nothing was sent to it. Node reports an end some time after it,
   * and a program that is on its way out has not ended yet: this waits a moment, until the program waits too.
   */
  async endsByItself(): Promise<boolean> {
    for (let waited = 0; !this.hasEnded && waited < LOOK_WAIT; waited += LOOK_INTERVAL) {
      const state = stateOf(this.pid)
      if (state === 'ended') await this.ended
      else if (state !== 'at work') return false
      else await this.endsWithin(LOOK_INTERVAL)
    }
    return this.hasEnded
  }

  /** Resolves with whether it ended within so many milliseconds. */
  async endsWithin(milliseconds: number): Promise<boolean> {
    // A limit has to be positive.
    await withLimit(this.ended, Math.max(milliseconds, 1), systemClock, () => {})
    return this.hasEnded
  }

  /**
   * Resolves with whether all that it started ended within so many milliseconds.
   *
   * @param signal is sent to them again and again: they may start others
   */
  async isAloneWithin(milliseconds: number, signal?: NodeJS.Signals): Promise<boolean> {
    const until = systemClock.now() + milliseconds
    // The system reports the end of our own children only, and each check takes some milliseconds.
    let wait = INTERVAL
    while (this.family.isAlive()) {
      const left = until - systemClock.now()
      if (left <= 0) return false
      if (signal) this.family.signal(signal)
      await new Promise<void>((resolve) => systemClock.setTimeout(resolve, Math.min(wait, left)))
      wait = Math.min(wait * 1.5, LONGEST_INTERVAL)
    }
    return true
  }

  /** Kills it with all that it has started, and waits for its output. */
  end(): Promise<void> {
    this.#isOver ??= this.#end()
    return this.#isOver
  }

  async #end(): Promise<void> {
    this.family.signal('SIGKILL')
    await this.ended
    await this.isAloneWithin(KILL_WAIT, 'SIGKILL')
    this.family.end()
    await withLimit(this.handle.release(), OUTPUT_WAIT, systemClock, () => {})
    // An unkillable process may hold the streams open, and keep the test's process alive.
    for (const stream of [this.handle.stdout, this.handle.stderr]) stream.destroy()
  }
}

/** The error for a program that could not be started, or is not ready. */
export function notReady(name: string, why: string, output = ''): LastcallError {
  return problem('LASTCALL_NOT_READY', name, why, output)
}

/** The error for a program that has ended by itself, with how it ended. */
export function endedEarly(
  { name, status }: Pick<StartedProgram, 'name' | 'status'>,
  why: string,
  output = '',
  more?: string,
): LastcallError {
  const how = status === undefined ? '' : ` (${describeExitStatus(status)})`
  const rest = more === undefined ? '' : `; ${more}`
  return problem('LASTCALL_ENDED_EARLY', name, `${why}${how}${rest}`, output)
}

function problem(code: LastcallErrorCode, name: string, why: string, output: string) {
  return new LastcallError(code, `The program \`${name}\` ${why}.${output}`)
}
