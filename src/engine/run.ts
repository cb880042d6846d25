import { formatDuration } from '../base/duration.ts'
import { TimeoutError } from '../base/errors.ts'
import {
  describeError,
  type ErrorInfo,
  type Fault,
  type FaultOrigin,
  type Reason,
} from '../base/reason.ts'
import type { Platform } from '../platform/platform.ts'
import type { Clock } from '../runtime/clock.ts'
import { withLimit } from '../runtime/with-limit.ts'
import { type Budget, HANDOVER, keepReserves, limitOf } from './budget.ts'
import type { ShutdownEvent } from './events.ts'
import type { HookContext, PreparedHook } from './hook.ts'
import { PendingWork } from './pending-work.ts'
import type { Group, Registry } from './registry.ts'
import {
  freeze,
  type Hang,
  type HookReport,
  type Outcome,
  outcomeOf,
  type PhaseReport,
  type Report,
} from './report.ts'

/** What a run stands on. */
export interface RunParts {
  readonly registry: Registry
  readonly budget: Budget
  readonly platform: Platform
  readonly clock: Clock
  readonly exitCode: (outcome: Outcome, reason: Reason) => number
  /** What keeps the event loop going, by kind. */
  readonly resources: () => Readonly<Record<string, number>>
}

/** One run, from its reason to its report. */
export class Run {
  readonly ended: Promise<Report>
  report: Report | undefined

  readonly #parts: RunParts
  readonly #reason: Reason
  readonly #emit: (event: ShutdownEvent) => void
  readonly #start: number
  readonly #startedAt: number
  readonly #faults: Fault[] = []
  readonly #phases = new Map<number, Draft<PhaseReport>>()
  readonly #running = new Map<string, Promise<void>>()
  /** What the hooks that have begun wait for. */
  readonly #waits = new PendingWork()
  /** Hooks of this priority and higher have had their turn. */
  #reached = Number.POSITIVE_INFINITY
  #finish!: (report: Report) => void

  constructor(parts: RunParts, reason: Reason, emit: (event: ShutdownEvent) => void) {
    this.#parts = parts
    this.#reason = reason
    this.#emit = emit
    this.#start = parts.clock.now()
    this.#startedAt = parts.clock.date()
    this.ended = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  begin(): void {
    const { grace, deadline: budget } = this.#parts.budget
    this.#emit({ type: 'start', reason: this.#reason, grace, deadline: budget })
    if (this.#reason.kind === 'fault') this.fault(this.#reason.origin, this.#reason.error)
    void this.#perform()
  }

  fault(origin: FaultOrigin, error: ErrorInfo): void {
    // Several shutdowns in one process hear of the same fault, and tell each other.
    if (this.#faults.some((fault) => fault.error === error)) return
    const fault = freeze({ origin, error, at: this.#elapsed() })
    this.#faults.push(fault)
    this.#emit({ type: 'fault', fault })
  }

  /** When the next phase can begin: now, and when what is running is over at the latest. */
  get nextPhase(): { earliest: number; latest: number } {
    const earliest = this.#elapsed()
    const latest = [...this.#phases.values()]
      .flatMap(({ hooks }) => hooks)
      .filter(({ name }) => this.#running.has(name))
      .reduce(
        (last, { began, limit }) => Math.max(last, Number(began) + limit + HANDOVER),
        earliest,
      )
    return { earliest, latest }
  }

  /** The names of the hooks that have begun and not ended. */
  get running(): Iterable<string> {
    return this.#running.keys()
  }

  /**
   * Starts what was added for a phase that has begun or is over: as soon as whoever adds it is
   * through, for a hook may add itself again.
   */
  join(): void {
    // By a promise: test runners replace queueMicrotask() among other timers.
    void Promise.resolve().then(() => {
      if (!this.report) this.#startGroups(this.#reached)
    })
  }

  #elapsed(): number {
    return this.#parts.clock.now() - this.#start
  }

  async #perform(): Promise<void> {
    const { registry } = this.#parts
    for (let next = registry.groups()[0]; next; next = registry.groups()[0]) {
      this.#reached = Math.min(this.#reached, next.priority)
      this.#startGroups(next.priority)
      while (this.#running.size > 0) await Promise.all(this.#running.values())
      this.#endPhases()
    }
    this.report = this.#writeReport()
    this.#emit({ type: 'end', report: this.report })
    this.#finish(this.report)
  }

  #startGroups(priority: number): void {
    const { registry, budget } = this.#parts
    const waiting = registry.groups()
    const groups = registry.take(priority)
    // Higher priorities stand first: those after the ones taken are still to come.
    const left = budget.deadline - this.#elapsed()
    const { reserves, later } = keepReserves(waiting, left, groups.length)
    groups.forEach((group, index) => {
      const phase = this.#openPhase(group, reserves[index] as number)
      for (const hook of group.hooks) this.#startHook(hook, phase, later)
    })
  }

  #startHook(hook: PreparedHook, phase: Draft<PhaseReport>, later: number): void {
    const { deadline: budget, margin } = this.#parts.budget
    const left = budget - this.#elapsed()
    const limit = limitOf(hook, { left, later, margin })
    const draft: Draft<HookReport> = {
      name: hook.name,
      phase: hook.phase,
      priority: hook.priority,
      status: 'done',
      began: left > 0 ? this.#elapsed() : null,
      ended: this.#elapsed(),
      limit,
      notes: [],
      error: null,
      hang: null,
    }
    phase.hooks.push(draft)
    if (draft.began === null) {
      this.#endHook(
        draft,
        'cut off',
        new TimeoutError('The deadline had passed before it could begin'),
      )
      return
    }
    this.#emit({ type: 'hook:start', hook: hook.name, phase: phase.name, at: draft.began, limit })
    // Already while it begins: it may call process.exit() at once.
    this.#running.set(hook.name, Promise.resolve())
    const work = this.#limited(hook, draft).then(
      () => this.#endHook(draft, 'done'),
      (error) => this.#endHook(draft, error instanceof CutOff ? 'cut off' : 'failed', error),
    )
    this.#running.set(hook.name, work)
    void work.then(() => this.#running.delete(hook.name))
  }

  #limited(hook: PreparedHook, draft: Draft<HookReport>): Promise<unknown> {
    const { clock, platform } = this.#parts
    const controller = lazy(() => new AbortController())
    let until = clock.now() + draft.limit
    const context: HookContext = {
      // Made when it is asked for: most hooks take none, and there may be thousands.
      get signal() {
        return controller().signal
      },
      reason: this.#reason,
      platform,
      deadline: this.#startedAt + this.#parts.budget.deadline,
      remaining: () => Math.max(0, until - clock.now()),
      note: (text) => this.#note(draft, text),
      waitingFor: (list) => this.#waits.add(draft.name, list),
    }
    const work = new Promise<unknown>((resolve) => resolve(hook.run(context)))
    return withLimit(work, draft.limit, clock, () => {
      until = clock.now()
      draft.hang = this.#hang(draft)
      for (const left of this.#waits.of(draft.name)) this.#note(draft, `cut off: ${left}`)
      const error = new CutOff(
        `Hook '${hook.name}' was cut off after ${formatDuration(draft.limit)}`,
      )
      controller().abort(error)
      throw error
    })
  }

  /** What is under way besides a hook that is being cut off. */
  #hang(hung: HookReport): Hang {
    const now = this.#elapsed()
    const others = [...this.#phases.values()]
      .flatMap(({ hooks }) => hooks)
      .filter((hook) => hook.name !== hung.name && this.#running.has(hook.name))
      // Those that are cut off with it have a word of their own.
      .filter(({ began, limit }) => Number(began) + limit > now + HANDOVER)
      .map((hook) => ({
        name: hook.name,
        phase: hook.phase,
        priority: hook.priority,
        age: now - Number(hook.began),
        waitingFor: this.#waits.of(hook.name),
      }))
    return { others, resources: this.#parts.resources() }
  }

  #note(draft: Draft<HookReport>, text: string): void {
    if (Object.isFrozen(draft)) return
    draft.notes.push(String(text))
    this.#emit({ type: 'hook:note', hook: draft.name, text: String(text), at: this.#elapsed() })
  }

  #endHook(draft: Draft<HookReport>, status: HookReport['status'], error?: unknown): void {
    draft.status = status
    draft.ended = this.#elapsed()
    if (status !== 'done') draft.error = describeError(error)
    this.#emit({ type: 'hook:end', hook: freeze(draft) })
  }

  #openPhase({ label, priority }: Group, reserve: number): Draft<PhaseReport> {
    const known = this.#phases.get(priority)
    if (known) return known
    const at = this.#elapsed()
    const phase = { name: label, priority, reserve, began: at, ended: at, hooks: [] }
    this.#phases.set(priority, phase)
    this.#emit({ type: 'phase:start', phase: label, priority, at })
    return phase
  }

  /** Ends the phase that was under way, and again those that a late hook had joined. */
  #endPhases(): void {
    for (const phase of this.#phases.values()) {
      const ended = phase.hooks.reduce((last, hook) => Math.max(last, hook.ended), phase.ended)
      if (phase.priority > this.#reached && ended === phase.ended) continue
      phase.ended = ended
      this.#emit({ type: 'phase:end', phase: Object.freeze({ ...phase, hooks: [...phase.hooks] }) })
    }
  }

  #writeReport(): Report {
    const { budget, platform } = this.#parts
    const phases = [...this.#phases.values()]
    const outcome = outcomeOf(phases, this.#faults)
    return freeze({
      version: 1,
      reason: this.#reason,
      platform,
      outcome,
      exitCode: this.#parts.exitCode(outcome, this.#reason),
      startedAt: new Date(this.#startedAt).toISOString(),
      grace: budget.grace,
      margin: budget.margin,
      deadline: budget.deadline,
      duration: this.#elapsed(),
      phases,
      faults: [...this.#faults],
    })
  }
}

/** The library's own cut at a limit, told apart from a TimeoutError that a hook rejects with. */
class CutOff extends TimeoutError {}

type Draft<T> = {
  -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key]
}

function lazy<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
