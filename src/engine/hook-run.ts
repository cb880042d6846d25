import { formatDuration } from '../base/duration.ts'
import { TimeoutError } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import { describeError, textOf } from '../base/thrown.ts'
import type { Platform } from '../platform/platform.ts'
import { createAbortController } from '../runtime/abort-controller.ts'
import { lendTestTime } from '../runtime/adapter-clock.ts'
import type { Clock } from '../runtime/clock.ts'
import { withLimit } from '../runtime/with-limit.ts'
import type { ShutdownEvent } from './events.ts'
import type { HookContext, NoteKind, NoteLevel, PreparedHook } from './hook.ts'
import { type Draft, freeze, type Hang, type HookReport, type RunningHook } from './report.ts'

/** What a running hook uses of its shutdown. */
export interface RunningShutdown {
  readonly reason: Reason
  readonly parts: { readonly platform: Platform; readonly clock: Clock }
  /** The time of day of the deadline, in milliseconds since 1970. */
  readonly deadlineDate: number
  /** Milliseconds since the shutdown began. */
  elapsed(): number
  emit(event: ShutdownEvent): void
  /** A peer did not take all that was for it. */
  noteUndelivered(): void
  /** What else is running while this hook is cut off. */
  hangOf(hook: HookRun): Hang
}

/** One hook, from its beginning to its part of the report. */
export class HookRun {
  readonly report: Draft<HookReport>
  /** Resolves when the hook has settled or was cut off. Never rejects. */
  ended = Promise.resolve()

  readonly #waitingFor: (() => readonly string[])[] = []
  #aborter: AbortController | undefined
  /** When the hook is cut off, on the time of `clock.now()`. */
  #cutOffAt = 0
  #isCutOff = false

  constructor(
    readonly hook: PreparedHook,
    limit: number,
    readonly shutdown: RunningShutdown,
  ) {
    const { name, phase, priority } = hook
    const now = shutdown.elapsed()
    this.report = {
      name,
      phase,
      priority,
      status: 'done',
      began: limit > 0 ? now : null,
      ended: now,
      limit,
      notes: [],
      error: null,
      hang: null,
    }
  }

  /** Calls the hook. At its limit the shutdown goes on without it. */
  begin(): void {
    const { clock } = this.shutdown.parts
    const { limit } = this.report
    this.#cutOffAt = clock.now() + limit
    const work = new Promise<unknown>((resolve) => resolve(this.hook.run(this.#context())))
    // The hook may have blocked the event loop: its limit counts from its beginning.
    const left = Math.max(1, this.#cutOffAt - clock.now())
    this.ended = withLimit(work, left, clock, () => this.#cutOff()).then(
      () => this.#end('done'),
      (error) => this.#end(this.#isCutOff ? 'cut off' : 'failed', error),
    )
  }

  /** Ends a hook that cannot begin any more. */
  skip(): void {
    this.#end('cut off', new TimeoutError('The deadline had passed before it could begin'))
  }

  /** When the hook is cut off, in milliseconds since the shutdown began. */
  get endsBy(): number {
    return Number(this.report.began) + this.report.limit
  }

  /** This hook as it is shown in the report of another hook that is cut off. */
  describe(): RunningHook {
    const { name, phase, priority, began } = this.report
    const age = this.shutdown.elapsed() - Number(began)
    return { name, phase, priority, age, waitingFor: this.#pendingWork() }
  }

  #context(): HookContext {
    const { reason, deadlineDate, parts } = this.shutdown
    const { platform, clock } = parts
    // Created on first use: there may be thousands of hooks, and most use no signal.
    const signal = () => this.#abortController().signal
    const context: HookContext = {
      get signal() {
        return signal()
      },
      reason,
      platform,
      deadline: deadlineDate,
      remaining: () => Math.max(0, this.#cutOffAt - clock.now()),
      note: (text, level) => this.#note(text, level),
      waitingFor: (list) => void this.#waitingFor.push(list),
    }
    lendTestTime(context, clock)
    return context
  }

  #abortController(): AbortController {
    this.#aborter ??= createAbortController()
    return this.#aborter
  }

  #cutOff(): never {
    const { name, limit } = this.report
    this.#isCutOff = true
    this.#cutOffAt = this.shutdown.parts.clock.now()
    this.report.hang = this.shutdown.hangOf(this)
    for (const work of this.#pendingWork()) this.#note(`cut off: ${work}`)
    const error = new TimeoutError(`Hook '${name}' was cut off after ${formatDuration(limit)}`)
    this.#abortController().abort(error)
    throw error
  }

  /** What the hook's `waitingFor()` functions list. One that throws must not end the shutdown. */
  #pendingWork(): string[] {
    return this.#waitingFor.flatMap((list) => {
      try {
        return list().map(textOf)
      } catch (error) {
        const { name, message } = describeError(error)
        return [`(waitingFor() failed: ${name}: ${message})`]
      }
    })
  }

  #note(text: string, given?: NoteKind): void {
    if (Object.isFrozen(this.report)) return
    if (given === 'undelivered') this.shutdown.noteUndelivered()
    const level = levelOf(given)
    const note = textOf(text)
    this.report.notes.push(note)
    const at = this.shutdown.elapsed()
    this.shutdown.emit({ type: 'hook:note', hook: this.report.name, text: note, level, at })
  }

  #end(status: HookReport['status'], error?: unknown): void {
    this.report.status = status
    this.report.ended = this.shutdown.elapsed()
    if (status !== 'done') this.report.error = describeError(error)
    this.shutdown.emit({ type: 'hook:end', hook: freeze(this.report) })
  }
}

/** JavaScript may pass anything, such as the index of `lines.forEach(note)`. */
function levelOf(given: NoteKind | undefined): NoteLevel {
  if (given === 'undelivered') return 'error'
  return given === 'warn' || given === 'error' ? given : 'debug'
}
