import { formatDuration } from '../../base/duration.ts'
import type { HookContext } from '../../engine/hook.ts'
import { describeExitStatus, type ExitStatus, shellCodeOf } from '../../runtime/exit-status.ts'
import type { SpawnError } from '../../runtime/spawn-error.ts'
import { isExpectedExit } from '../expected-exit.ts'
import { Backoff } from './backoff.ts'
import type { Program } from './program.ts'
import {
  type ProcessEnd,
  type ProcessSurroundings,
  type ProgramProcess,
  startProcess,
} from './program-process.ts'
import type { ProcessState, StateChange } from './states.ts'

/** One process of a program, through all its restarts: decides when it is started, and knows its state. */
export class SupervisedProcess {
  readonly #backoff: Backoff
  #state: ProcessState = 'STOPPED'
  /** The process that runs now. */
  #current: ProgramProcess | undefined
  /** How the last process ended. */
  #status: ExitStatus | undefined
  #spawnError: SpawnError | undefined
  #failures = 0
  #startedAt = 0
  #lastPid: number | null = null
  /** Fires at the next start, or when a process counts as started. */
  #timer: unknown
  /** The shutdown has begun: nothing is started any more. */
  #isHeld = false
  /** Signals of the shutdown that may have ended it. */
  #stopSignals: readonly NodeJS.Signals[] = []
  /** Resolves when the process has ended, and its end is in `#state`. */
  #over: Promise<void> = Promise.resolve()

  constructor(
    readonly name: string,
    readonly program: Program,
    private readonly instance: number,
    private readonly context: ProcessSurroundings,
    private readonly onChange: (change: StateChange) => void,
  ) {
    this.#backoff = new Backoff(program.backoff)
  }

  get state(): ProcessState {
    return this.#state
  }

  get pid(): number | null {
    return this.#current?.pid ?? null
  }

  /** Whether it has ended and will not be started again. */
  get isOver(): boolean {
    if (this.#isHeld) return this.#current === undefined
    return this.#state === 'FATAL' || (this.#state === 'EXITED' && this.#timer === undefined)
  }

  /** 0 where it ended well. Otherwise the code by which a shell reports its end or its failed start. */
  get exitCode(): number {
    if (this.#state === 'STOPPED') return 0
    if (this.#spawnError) return this.#spawnError.exitCode
    const status = this.#status ?? { code: 0, signal: null }
    const isExpected = isExpectedExit(status, this.program.exitCodes)
    if (isExpected && this.#state !== 'FATAL') return 0
    return shellCodeOf(status) || 1 // 0 would say that all was well.
  }

  start(): void {
    if (this.#isHeld || this.#current) return
    const { clock } = this.context
    const { startFor } = this.program
    this.#timer = undefined
    this.#status = undefined
    this.#spawnError = undefined
    this.#startedAt = clock.now()
    const current = startProcess(this.program, this.instance, this.context, (error) => {
      this.#spawnError = error
      this.#startFailed(error.message, [])
    })
    this.#lastPid = current?.pid ?? null
    if (current) this.#follow(current)
    this.#change('STARTING')
    if (!current) return
    const started = () => {
      this.#timer = undefined
      this.#failures = 0
      this.#change('RUNNING')
    }
    if (startFor === 0) {
      started()
      return
    }
    this.#timer = clock.setTimeout(() => {
      // The event loop fires timers before it reads that the process has ended: wait for that.
      const timer = this.#timer
      clock.afterPoll(() => {
        if (this.#timer === timer) started()
      })
    }, startFor)
  }

  /**
   * From now on nothing is started; a process that waits for its restart is STOPPED at once. A
   * process that the shutdown's own signal ends counts as stopped: the platform may have sent it to
   * all.
   */
  hold(signal?: NodeJS.Signals): void {
    this.#isHeld = true
    this.#stopSignals = [this.program.stopSignal, ...(signal ? [signal] : [])]
    if (this.#current === undefined) this.#clearTimer()
    if (this.#state === 'BACKOFF') this.#change('STOPPED')
  }

  async stop(context: HookContext): Promise<void> {
    if (!this.#isHeld) this.hold()
    const current = this.#current
    if (!current) return
    this.#clearTimer()
    this.#change('STOPPING')
    try {
      await current.stop(this.name, context)
    } finally {
      if (!context.signal.aborted) {
        await this.#over
        await current.groupOutput
      }
    }
  }

  /** Kills it at once, with its process group. */
  kill(): void {
    this.#current?.kill()
  }

  #follow(current: ProgramProcess): void {
    this.#current = current
    void current.exited.then(() => this.#clearTimer())
    this.#over = current.over.then((end) => {
      this.#current = undefined
      this.#ended(end)
    })
  }

  #ended({ status, stderr }: ProcessEnd): void {
    this.#status = status
    const { exitCodes, startFor, restart } = this.program
    const isExpected = isExpectedExit(status, exitCodes)
    const how = `ended with ${describeExitStatus(status)}`
    const endedByStop = this.#isHeld && isExpectedExit(status, exitCodes, this.#stopSignals)
    if (this.#state === 'STOPPING' || endedByStop) {
      this.#change('STOPPED')
    } else if (this.#state === 'STARTING') {
      const within = formatDuration(startFor)
      const rule = isExpected ? ', which is too early to count as started' : ''
      this.#startFailed(`${how} within ${within} of its start${rule}`, stderr)
    } else {
      const restarts = restart === 'always' || (restart === 'unexpected' && !isExpected)
      const problem = isExpected ? null : how
      this.#change('EXITED', { problem, stderr, restartIn: restarts ? this.#startLater() : null })
    }
  }

  /** Tries the start again later, or gives up. */
  #startFailed(why: string, stderr: readonly string[]): void {
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

  /** Starts it after a delay, and returns the delay; `null` if the shutdown has begun. */
  #startLater(): number | null {
    if (this.#isHeld) return null
    const { clock } = this.context
    const delay = this.#backoff.next(clock.now() - this.#startedAt)
    this.#timer = clock.setTimeout(() => this.start(), delay)
    return delay
  }

  #clearTimer(): void {
    this.context.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #change(
    to: ProcessState,
    { problem = null, stderr = [], restartIn = null }: Partial<StateChange> = {},
  ): void {
    const from = this.#state
    this.#state = to
    this.onChange({
      name: this.name,
      program: this.program.name,
      from,
      to,
      pid: this.#lastPid,
      exitCode: this.#status?.code ?? null,
      signal: this.#status?.signal ?? null,
      problem,
      stderr: problem === null ? [] : stderr,
      restartIn,
    })
  }
}
