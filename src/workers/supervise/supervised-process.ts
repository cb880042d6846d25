import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { formatDuration } from '../../base/duration.ts'
import type { HookContext } from '../../engine/hook.ts'
import type { Clock } from '../../runtime/clock.ts'
import { sendSignal } from '../../runtime/signals.ts'
import { explainSpawnError, type SpawnError } from '../../runtime/spawn-error.ts'
import { stopChild } from '../child.ts'
import { codeOf, describeExitStatus, type ExitStatus } from '../exit-status.ts'
import { Backoff } from './backoff.ts'
import { type LineSink, Lines } from './lines.ts'
import type { Program } from './program.ts'
import type { ProcessState, StateChange } from './states.ts'

/** What a process under supervision is handed. */
export interface SupervisionContext {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isWindows: boolean
  readonly stdout: LineSink
  readonly stderr: LineSink
  /** What stands before its output. */
  readonly prefix: string
  readonly onChange: (change: StateChange) => void
}

/** One process of a program: it is started, watched, started again and stopped. */
export class SupervisedProcess {
  readonly name: string
  readonly program: Program
  readonly #instance: number
  readonly #surroundings: SupervisionContext
  readonly #backoff: Backoff
  #state: ProcessState = 'STOPPED'
  #child: ChildProcess | undefined
  #ending: ExitStatus | undefined
  #spawnError: SpawnError | undefined
  #failures = 0
  #startedAt = 0
  #lastPid: number | null = null
  #timer: unknown
  /** No start any more: the shutdown has begun. */
  #isHeld = false
  #stopSignals: readonly NodeJS.Signals[] = []
  /** Resolves when the child that runs has ended, and all that it wrote has been passed on. */
  #over: Promise<void> = Promise.resolve()
  /** Resolves when it has been stopped, with its group where that is told. */
  #stopped: Promise<void> = Promise.resolve()
  /** Resolves when what its group wrote after its own end has been passed on. */
  #groupHeard: Promise<void> = Promise.resolve()

  constructor(name: string, program: Program, instance: number, surroundings: SupervisionContext) {
    this.name = name
    this.program = program
    this.#instance = instance
    this.#surroundings = surroundings
    this.#backoff = new Backoff(program.backoff)
  }

  get state(): ProcessState {
    return this.#state
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** Whether it has ended and will not be started again. */
  get isOver(): boolean {
    if (this.#isHeld) return this.#child === undefined
    return this.#state === 'FATAL' || (this.#state === 'EXITED' && this.#timer === undefined)
  }

  /** The code that tells how it ended: as a shell has it where it ended by a signal or never began. */
  get exitCode(): number {
    if (this.#state === 'STOPPED') return 0
    if (this.#spawnError) return this.#spawnError.exitCode
    const { code, signal } = this.#ending ?? { code: 0, signal: null }
    const isExpected = code !== null && this.program.exitCodes.has(code)
    if (isExpected && this.#state !== 'FATAL') return 0
    // 0 would tell that all was well.
    return (signal ? codeOf(signal) : code) || 1
  }

  start(): void {
    if (this.#isHeld || this.#child) return
    this.#timer = undefined
    this.#ending = undefined
    this.#spawnError = undefined
    this.#startedAt = this.#surroundings.clock.now()
    const child = this.#spawn()
    this.#lastPid = child?.pid ?? null
    if (child) this.#watch(child)
    this.#change('STARTING')
    if (!child) return
    const { clock } = this.#surroundings
    const started = () => {
      this.#timer = undefined
      this.#failures = 0
      this.#change('RUNNING')
    }
    if (this.program.startSeconds === 0) started()
    else
      this.#timer = clock.setTimeout(() => {
        // A timer fires before the loop has heard that it has ended.
        const timer = this.#timer
        clock.afterPoll(() => {
          if (this.#timer === timer) started()
        })
      }, this.program.startSeconds * 1000)
  }

  /**
   * From now on it is not started again; one that waits for that is stopped at once. One that ends by
   * the signal that has begun the run, which the platform may have sent to everybody, was stopped.
   */
  hold(signal?: NodeJS.Signals): void {
    this.#isHeld = true
    this.#stopSignals = [this.program.stopSignal, ...(signal ? [signal] : [])]
    if (this.#child === undefined) this.#clearTimer()
    if (this.#state === 'BACKOFF') this.#change('STOPPED')
  }

  async stop(context: HookContext): Promise<void> {
    if (!this.#isHeld) this.hold()
    const child = this.#child
    if (!child) return
    this.#clearTimer()
    this.#change('STOPPING')
    const { group, stopSignal, exitCodes } = this.program
    const settings = {
      name: this.name,
      stopSignal,
      signals: group ? 'group' : 'process',
      // Nothing of it survives: the group is its own.
      kills: this.#surroundings.isWindows ? 'process' : 'group',
      exitCodes,
    } as const
    const stopped = stopChild(child, settings, context, this.#surroundings.clock)
    this.#stopped = stopped.catch(() => {})
    try {
      await stopped
    } finally {
      if (!context.signal.aborted) {
        await this.#over
        await this.#groupHeard
      }
    }
  }

  /** Ends it at once, with all that it has started. */
  kill(): void {
    if (this.#child) this.#killAll(this.#child)
  }

  #killAll({ pid }: ChildProcess): void {
    if (pid === undefined) return
    try {
      sendSignal(this.#surroundings.isWindows ? pid : -pid, 'SIGKILL')
    } catch {
      // It has become somebody else's, and is theirs to end.
    }
  }

  /** The child, where one could be started; otherwise that is told a little later. */
  #spawn(): ChildProcess | undefined {
    const { command, args, cwd } = this.program
    const { clock, isWindows } = this.#surroundings
    const fail = (error: unknown) => {
      this.#spawnError = explainSpawnError(error, this.program)
      this.#failed(this.#spawnError.message, [])
    }
    try {
      const child = spawn(command, args, {
        cwd,
        env: this.#env(),
        stdio: ['ignore', 'pipe', 'pipe'],
        // A session of its own: what a terminal sends to its group reaches us, and we keep the order.
        detached: !isWindows,
      })
      if (child.pid !== undefined) return child
      child.once('error', fail)
    } catch (error) {
      clock.afterPoll(() => fail(error))
    }
    return undefined
  }

  #watch(child: ChildProcess): void {
    const { clock, stdout, stderr, prefix } = this.#surroundings
    const out = new Lines(child.stdout as Readable, stdout, prefix)
    const err = new Lines(child.stderr as Readable, stderr, prefix)
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    this.#child = child
    const drained = () => Promise.all([out.drained(clock), err.drained(clock)])
    const close = () => {
      for (const stream of [child.stdout, child.stderr]) stream?.destroy()
    }
    this.#over = exited.then(async () => {
      this.#clearTimer()
      await drained()
      if (this.#state === 'STOPPING' && this.program.group) {
        // A group that is being stopped is waited for, and has last words, too.
        this.#groupHeard = this.#stopped.then(drained).then(close)
      } else {
        // What it has left behind would be in the way of its successor, and nobody would ever end it.
        this.#killAll(child)
        close()
      }
      this.#child = undefined
      this.#ended({ code: child.exitCode, signal: child.signalCode }, err.last)
    })
  }

  #env(): Record<string, string> {
    const { stopWait, env } = this.program
    const all = {
      ...this.#surroundings.env,
      LASTCALL_INSTANCE: String(this.#instance),
      ...(stopWait === undefined ? {} : { LASTCALL_GRACE: String(stopWait) }),
      ...env,
    }
    const given = Object.entries(all).filter(([, value]) => typeof value === 'string')
    return Object.fromEntries(given) as Record<string, string>
  }

  #ended(ending: ExitStatus, stderr: readonly string[]): void {
    this.#ending = ending
    const { exitCodes, startSeconds, restart } = this.program
    const isExpected = ending.code !== null && exitCodes.has(ending.code)
    const isStopped =
      isExpected ||
      this.#stopSignals.some((one) => ending.signal === one || ending.code === codeOf(one))
    if (this.#state === 'STOPPING' || (this.#isHeld && isStopped)) {
      this.#change('STOPPED')
    } else if (this.#state === 'STARTING') {
      const within = formatDuration(startSeconds * 1000)
      const rule = isExpected ? ', which is too early to count as started' : ''
      this.#failed(
        `ended with ${describeExitStatus(ending)} within ${within} of its start${rule}`,
        stderr,
      )
    } else {
      const again = restart === 'always' || (restart === 'unexpected' && !isExpected)
      const problem = isExpected ? null : `ended with ${describeExitStatus(ending)}`
      this.#change('EXITED', { problem, stderr, restartIn: again ? this.#startLater() : null })
    }
  }

  /** A start has failed: it is tried again, or given up. */
  #failed(why: string, stderr: readonly string[]): void {
    const { startRetries } = this.program
    this.#failures++
    if (this.#isHeld) {
      this.#change('STOPPED', { problem: why, stderr })
    } else if (this.#failures > startRetries) {
      const tries = startRetries === 0 ? '' : `, and has been tried ${startRetries + 1} times`
      this.#change('FATAL', { problem: `${why}${tries}`, stderr })
    } else {
      this.#change('BACKOFF', { problem: why, stderr, restartIn: this.#startLater() })
    }
  }

  /** Starts it after a delay, and says how long that is; not at all where no start is to be. */
  #startLater(): number | null {
    if (this.#isHeld) return null
    const { clock } = this.#surroundings
    const delay = this.#backoff.next(clock.now() - this.#startedAt)
    this.#timer = clock.setTimeout(() => this.start(), delay)
    return delay
  }

  #clearTimer(): void {
    this.#surroundings.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #change(
    to: ProcessState,
    { problem = null, stderr = [], restartIn = null }: Partial<StateChange> = {},
  ): void {
    const from = this.#state
    this.#state = to
    this.#surroundings.onChange({
      name: this.name,
      program: this.program.name,
      from,
      to,
      pid: this.#lastPid,
      exitCode: this.#ending?.code ?? null,
      signal: this.#ending?.signal ?? null,
      problem,
      stderr: problem === null ? [] : stderr,
      restartIn,
    })
  }
}
