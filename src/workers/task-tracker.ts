import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import {
  inCall,
  invalidOption,
  LastcallError,
  optionNames,
  refuseUnknownOptions,
  TimeoutError,
} from '../base/errors.ts'
import { firstTen } from '../base/summarize.ts'
import {
  type Hook,
  type HookContext,
  type HookPhase,
  type Hooks,
  placeHook,
} from '../engine/hook.ts'
import { createAbortController } from '../runtime/abort-controller.ts'
import { AdapterClock, followTestTime } from '../runtime/adapter-clock.ts'
import type { Clock } from '../runtime/clock.ts'

/** Options of `taskTracker()`; all have defaults. */
export interface TaskTrackerOptions {
  /** The hook's name, for reports. Default `tasks`; a second tracker needs another name. */
  readonly name?: string | undefined
  /**
   * The phase in which it refuses new tasks and waits for those in flight. Default `stop`: after the
   * HTTP drain, so that a request in flight can still hand it work.
   */
  readonly phase?: HookPhase | undefined
  /** The longest that the tasks in flight may take, from the beginning of the phase. Default: what the budget leaves. */
  readonly timeout?: Duration | undefined
  /** The part of the budget that nothing earlier may use. Default: the phase's. */
  readonly reserve?: Duration | undefined
}

/** Options of `run()`. */
export interface TaskOptions {
  /** The task's name in notes, if it is cut off. Default: the function's name, or `task`. */
  readonly name?: string | undefined
  /** The longest that it may take, from its beginning: its `signal` aborts then. Default: no limit. */
  readonly timeout?: Duration | undefined
}

/** What a task receives. */
export interface TaskContext {
  /** Its name in notes, if it is cut off. The task may set it later: `task.name = 'mail 7'`. */
  name: string
  /** Aborts with a `TimeoutError`: at the task's `timeout`, or when the shutdown cuts it off. */
  readonly signal: AbortSignal
}

/** Counts work in flight. Pass it to `shutdown.add()`, as you would a hook. */
export interface TaskTracker extends Hooks {
  /**
   * Starts the work and counts it until it has settled. The promise settles as the work does. Once
   * the tracker's phase has begun, no work is started and the promise rejects with a `LastcallError`,
   * `LASTCALL_TASK_REFUSED`.
   */
  run<T>(work: (context: TaskContext) => T, options?: TaskOptions): Promise<Awaited<T>>
  /** How many tasks are in flight. */
  readonly size: number
  /** Whether its phase has begun: it refuses new tasks. */
  readonly isClosed: boolean
}

/**
 * Counts tasks in flight, so that the process exits only when all started tasks are done. Once its
 * phase begins, the tracker refuses new tasks. Its hook ends with the last task.
 *
 * A loop that takes work should stop before that, when `shutdown.signal` aborts at the beginning of the
 * shutdown. Take the work inside the task, so that it is counted from the moment it is taken.
 *
 * @example
 * const jobs = taskTracker()
 * shutdown.add(jobs)
 * while (!shutdown.signal.aborted) {
 *   await jobs.run(async ({ signal }) => {
 *     const job = await queue.take(shutdown.signal)
 *     if (job) await handle(job, signal)
 *   })
 * }
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export function taskTracker(options: TaskTrackerOptions = {}): TaskTracker {
  return inCall('taskTracker()', () => new Tracker(options, new AdapterClock()))
}

const TRACKER_OPTIONS = optionNames<TaskTrackerOptions>({
  name: true,
  phase: true,
  timeout: true,
  reserve: true,
})

const TASK_OPTIONS = optionNames<TaskOptions>({ name: true, timeout: true })

export class Tracker implements TaskTracker {
  readonly #hook: Hook
  readonly #clock: Clock
  readonly #tasks = new Set<Task>()
  #isClosed = false
  /** Called when no task is left. Several shutdowns may wait for that. */
  readonly #onEmpty = new Set<() => void>()

  constructor(options: TaskTrackerOptions, clock: Clock) {
    refuseUnknownOptions(options, TRACKER_OPTIONS, "{ name: 'jobs' }")
    this.#clock = clock
    const { name = 'tasks', phase = 'stop', timeout, reserve } = options
    this.#hook = placeHook({ name, phase, timeout, reserve }, (context) => this.#close(context))
  }

  get size(): number {
    return this.#tasks.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  *[Symbol.iterator](): Iterator<Hook> {
    yield this.#hook
  }

  async run<T>(work: (context: TaskContext) => T, options?: TaskOptions): Promise<Awaited<T>> {
    const task = inCall('run()', () => {
      const fix = 'Write run(async () => …).'
      if (typeof work !== 'function') throw invalidOption('work', 'a function', work, fix)
      return new Task(work, options, this.#clock)
    })
    if (this.#isClosed) {
      throw new LastcallError(
        'LASTCALL_TASK_REFUSED',
        `The tracker '${this.#hook.name}' takes no more work: its phase of the shutdown has begun, so '${task.name}' was not started. Stop taking work when \`shutdown.signal\` fires, and put back what was taken.`,
      )
    }
    this.#tasks.add(task)
    task.startTimer()
    try {
      return await work(task)
    } finally {
      task.end()
      this.#tasks.delete(task)
      if (this.#tasks.size === 0) for (const listener of this.#onEmpty) listener()
    }
  }

  async #close(context: HookContext): Promise<void> {
    const { signal, waitingFor } = context
    followTestTime(this.#clock, context)
    this.#isClosed = true
    if (this.#tasks.size === 0) return
    const empty = new Promise<void>((resolve) => void this.#onEmpty.add(resolve))
    waitingFor(() => {
      const lines = [...this.#tasks].map((task) => task.describe())
      return firstTen(lines, 'task')
    })
    const atLimit = () => {
      for (const task of this.#tasks) task.abort(signal.reason)
    }
    signal.addEventListener('abort', atLimit, { once: true })
    await empty
    signal.removeEventListener('abort', atLimit)
  }
}

/** One task in flight. The work receives it as its context. */
class Task implements TaskContext {
  readonly #work: { readonly name: string }
  readonly #clock: Clock
  readonly #began: number
  #timeout: number | undefined
  #name: string | undefined
  #controller: AbortController | undefined
  #timer: unknown

  constructor(work: { readonly name: string }, options: TaskOptions | undefined, clock: Clock) {
    this.#work = work
    this.#clock = clock
    this.#began = clock.now()
    if (options === undefined) return
    refuseUnknownOptions(options, TASK_OPTIONS, "{ name: 'resize' }")
    const { name, timeout } = options
    if (name !== undefined && typeof name !== 'string') {
      throw invalidOption('name', 'a string', name)
    }
    this.#name = name
    if (timeout !== undefined) this.#timeout = parseDuration(timeout, 'timeout')
  }

  // Made on the first access: most tasks never read it, and it costs more than all the rest.
  get signal(): AbortSignal {
    this.#controller ??= createAbortController()
    return this.#controller.signal
  }

  get name(): string {
    return this.#name || this.#work.name || 'task'
  }

  set name(name: string) {
    this.#name = String(name)
  }

  abort(reason: unknown): void {
    this.#controller ??= createAbortController()
    this.#controller.abort(reason)
  }

  end(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
  }

  describe(): string {
    return `${this.name}, ${formatDuration(this.#clock.now() - this.#began)} old`
  }

  startTimer(): void {
    const timeout = this.#timeout
    if (timeout === undefined) return
    this.#timer = this.#clock.setTimeout(() => {
      const problem = `Task '${this.name}' has taken longer than ${formatDuration(timeout)}`
      this.abort(new TimeoutError(problem))
    }, timeout)
  }
}
