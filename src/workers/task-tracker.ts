import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import { invalidOption, LastcallError, refuseUnknownOptions, TimeoutError } from '../base/errors.ts'
import { firstTen } from '../base/summarize.ts'
import { type Hook, type HookContext, type Hooks, placeHook } from '../engine/hook.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'

/** What `taskTracker()` takes; everything has a default. */
export interface TaskTrackerOptions {
  /** The hook's name, for reports. Default `tasks`; a second tracker needs one of its own. */
  readonly name?: string
  /**
   * The phase in which it refuses new tasks and waits for those in flight. Default `stop`: after the
   * HTTP drain, so that a request in flight can still hand it work.
   */
  readonly phase?: string
  /** The longest that those in flight may take, from the phase's begin. Default: what the budget leaves. */
  readonly timeout?: Duration
  /** The part of the budget that nothing earlier may eat. Default: its phase's. */
  readonly reserve?: Duration
}

/** What `run()` takes besides the work. */
export interface TaskOptions {
  /** What it is called where it is cut off. Default: the function's name, `task` where it has none. */
  readonly name?: string
  /** The longest that it may take, from its begin: its `signal` aborts then. Default: no limit of its own. */
  readonly timeout?: Duration
}

/** What a task is handed. */
export interface TaskContext {
  /** What it is called where it is cut off; it may be given when that is known: `task.name = 'mail 7'`. */
  name: string
  /** Aborts at the task's limit, with a `TimeoutError`: at its `timeout`, or where the run cuts it off. */
  readonly signal: AbortSignal
}

/** Counts work in flight. It is handed to `shutdown.add()`, as a hook is. */
export interface TaskTracker extends Hooks {
  /**
   * Does the work and counts it, until what it returns has settled. What it returns, throws or
   * rejects with is what the promise settles with. Once the tracker's phase has begun the work is not
   * begun, and the promise rejects with a `LastcallError`, `LASTCALL_TASK_REFUSED`.
   */
  run<T>(work: (context: TaskContext) => T, options?: TaskOptions): Promise<Awaited<T>>
  /** How many are in flight. */
  readonly size: number
  /** Whether its phase has begun: new tasks are refused. */
  readonly isClosed: boolean
}

/**
 * Counts jobs in and out, so that the process leaves when those that it has begun are done. Once its
 * phase begins it refuses new ones; its hook is over when none is left.
 *
 * A consumer loop should stop taking work before that, at the start of the run: by
 * `shutdown.signal`. Let the task begin before the work is taken: what is taken is counted then.
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
  return new Tracker(options, systemClock)
}

export class Tracker implements TaskTracker {
  readonly #hook: Hook
  readonly #clock: Clock
  readonly #tasks = new Set<Task>()
  #isClosed = false
  /** Several shutdowns may wait for it. */
  readonly #waiting = new Set<() => void>()

  constructor(options: TaskTrackerOptions, clock: Clock) {
    refuseUnknownOptions(options, ['name', 'phase', 'timeout', 'reserve'], "{ name: 'jobs' }")
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
    if (typeof work !== 'function') throw invalidOption('work', 'a function', work)
    const task = new Task(work, options, this.#clock)
    if (this.#isClosed) throw this.#refusal(task)
    this.#tasks.add(task)
    if (task.timeout !== undefined) task.limit(task.timeout)
    try {
      return await work(task)
    } finally {
      task.end()
      this.#tasks.delete(task)
      if (this.#tasks.size === 0) for (const isEmpty of this.#waiting) isEmpty()
    }
  }

  async #close({ signal, waitingFor }: HookContext): Promise<void> {
    this.#isClosed = true
    if (this.#tasks.size === 0) return
    const isEmpty = new Promise<void>((resolve) => void this.#waiting.add(resolve))
    waitingFor(() => {
      const now = this.#clock.now()
      return firstTen(
        [...this.#tasks].map((task) => task.describe(now)),
        'task',
      )
    })
    const atLimit = () => {
      for (const task of this.#tasks) task.abort(signal.reason)
    }
    signal.addEventListener('abort', atLimit, { once: true })
    await isEmpty
    signal.removeEventListener('abort', atLimit)
  }

  #refusal(task: Task): LastcallError {
    return new LastcallError(
      'LASTCALL_TASK_REFUSED',
      `The tracker '${this.#hook.name}' takes no more work: its phase of the shutdown has begun, and '${task.name}' was not. Stop taking work when \`shutdown.signal\` fires, and put back what was taken.`,
    )
  }
}

/** One piece of work in flight; it is what the work itself is handed. */
class Task implements TaskContext {
  /** In milliseconds. */
  readonly timeout: number | undefined
  readonly #work: { readonly name: string }
  #name: string | undefined
  readonly #clock: Clock
  readonly #began: number
  #controller: AbortController | undefined
  #timer: unknown

  constructor(work: { readonly name: string }, options: TaskOptions | undefined, clock: Clock) {
    this.#work = work
    this.#clock = clock
    this.#began = clock.now()
    if (options === undefined) return
    refuseUnknownOptions(options, ['name', 'timeout'], "{ name: 'resize' }")
    const { name, timeout } = options
    if (name !== undefined && typeof name !== 'string') {
      throw invalidOption('name', 'a string', name)
    }
    this.#name = name
    if (timeout !== undefined) this.timeout = parseDuration(timeout, 'timeout')
  }

  // Made when it is asked for: most tasks take none, and it costs more than all the rest.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  get name(): string {
    return this.#name || this.#work.name || 'task'
  }

  set name(name: string) {
    this.#name = String(name)
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
  }

  end(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
  }

  describe(now: number): string {
    return `${this.name}, ${formatDuration(now - this.#began)} old`
  }

  limit(timeout: number): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.abort(
        new TimeoutError(`Task '${this.name}' has taken longer than ${formatDuration(timeout)}`),
      )
    }, timeout)
  }
}
