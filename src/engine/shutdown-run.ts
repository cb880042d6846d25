import type { Fault, FaultOrigin, Reason } from '../base/reason.ts'
import { describeError, type ErrorInfo } from '../base/thrown.ts'
import type { Platform } from '../platform/platform.ts'
import type { Clock } from '../runtime/clock.ts'
import {
  afterListeners,
  beginHooks,
  beginShutdown,
  endHooks,
  type SharedHooks,
} from '../runtime/shared-hooks.ts'
import { type Budget, HANDOVER, keepReserves, limitOf } from './budget.ts'
import type { ShutdownEvent } from './events.ts'
import type { PreparedHook } from './hook.ts'
import { HookRun, type RunningShutdown } from './hook-run.ts'
import type { HookGroup, Registry } from './registry.ts'
import {
  type Draft,
  freeze,
  type Hang,
  type Outcome,
  outcomeOf,
  type PhaseReport,
  type Report,
} from './report.ts'

export interface ShutdownParts {
  /** Called when the shutdown begins, before all listeners, loggers and hooks: each of them may block. */
  readonly watch: () => void
  readonly registry: Registry
  readonly budget: Budget
  readonly platform: Platform
  readonly clock: Clock
  readonly exitCode: (
    outcome: Outcome,
    reason: Reason,
    isUndelivered: boolean,
  ) => Pick<Report, 'exitCode' | 'processOutcome'>
  /** What keeps the event loop alive, by kind. */
  readonly resources: () => Readonly<Record<string, number>>
  readonly sharedHooks: SharedHooks
}

/** One shutdown, from its reason to its report. */
export class ShutdownRun implements RunningShutdown {
  readonly ended: Promise<Report>
  readonly deadlineDate: number
  report: Report | undefined

  readonly #start: number
  readonly #startDate: number
  readonly #faults: Fault[] = []
  readonly #phases = new Map<number, Draft<PhaseReport>>()
  readonly #running = new Set<HookRun>()
  #isUndelivered = false
  /** Hooks of this priority and higher have had their turn. */
  #reached = Number.POSITIVE_INFINITY
  #finish!: (report: Report) => void

  constructor(
    readonly parts: ShutdownParts,
    readonly reason: Reason,
    readonly emit: (event: ShutdownEvent) => void,
  ) {
    this.#start = parts.clock.now()
    this.#startDate = parts.clock.date()
    this.deadlineDate = this.#startDate + parts.budget.deadline
    this.ended = new Promise((resolve) => {
      this.#finish = resolve
    })
    beginShutdown(parts.sharedHooks, this)
  }

  begin(): void {
    const { grace, deadline } = this.parts.budget
    this.emit({ type: 'start', reason: this.reason, grace, deadline })
    if (this.reason.kind === 'fault') this.fault(this.reason.origin, this.reason.error)
    // The application may listen to the same event. What it does there comes before the first hook.
    const run = () => void this.#runPhases().catch((error) => this.#failed(error))
    if (this.reason.kind === 'call') run()
    else afterListeners(this.parts.sharedHooks, run)
  }

  fault(origin: FaultOrigin, error: ErrorInfo): void {
    // Several shutdowns in one process receive the same fault, and start each other with it. Another copy
    // of the package has described it in another object.
    const isSame = (one: ErrorInfo) =>
      one === error ||
      (this.isBeginning && one.message === error.message && one.stack === error.stack)
    if (this.#faults.some((fault) => isSame(fault.error))) return
    const fault = freeze({ origin, error, at: this.elapsed() })
    this.#faults.push(fault)
    this.emit({ type: 'fault', fault })
  }

  /**
   * Starts hooks that were added for a phase that has begun or is over. Waits for a microtask: a hook
   * that is being started may add another.
   */
  startLateHooks(): void {
    // With a promise: test runners replace queueMicrotask() when they replace timers.
    void Promise.resolve().then(() => {
      if (!this.report) this.#startGroups(this.#reached)
    })
  }

  /** Whether the listeners run of what began it. */
  get isBeginning(): boolean {
    return this.parts.sharedHooks.listenerTurns.has(this)
  }

  noteUndelivered(): void {
    this.#isUndelivered = true
  }

  /** The names of the hooks that have begun and not ended. */
  get running(): readonly string[] {
    return [...this.#running].map(({ report }) => report.name)
  }

  /** When the next phase begins: at the earliest now, at the latest when the running hooks are cut off. */
  get nextPhase(): { earliest: number; latest: number } {
    const earliest = this.elapsed()
    let latest = earliest
    for (const { endsBy } of this.#running) latest = Math.max(latest, endsBy + HANDOVER)
    return { earliest, latest }
  }

  elapsed(): number {
    return this.parts.clock.now() - this.#start
  }

  hangOf(cutOff: HookRun): Hang {
    const soon = this.elapsed() + HANDOVER
    const others = [...this.#running]
      // Hooks that are cut off at the same time are described by their own reports.
      .filter((run) => run !== cutOff && run.endsBy > soon)
    return { others: others.map((run) => run.describe()), resources: this.parts.resources() }
  }

  async #runPhases(): Promise<void> {
    const { registry, sharedHooks } = this.parts
    beginHooks(sharedHooks, this)
    for (let next = registry.groups()[0]; next; next = registry.groups()[0]) {
      this.#reached = Math.min(this.#reached, next.priority)
      try {
        this.#startGroups(next.priority)
        // Late hooks may join while these run.
        while (this.#running.size > 0) await Promise.all([...this.#running].map((run) => run.ended))
        this.#endPhases()
      } catch (error) {
        this.#failed(error)
      }
    }
    endHooks(sharedHooks, this)
    this.report = this.#writeReport()
    this.emit({ type: 'end', report: this.report })
    this.#finish(this.report)
  }

  #startGroups(priority: number): void {
    const { registry, budget } = this.parts
    const waiting = registry.groups()
    const beginning = registry.take(priority)
    const timeLeft = budget.deadline - this.elapsed()
    const { reserves, keptForLater } = keepReserves(
      waiting,
      timeLeft,
      beginning.length,
      budget.forOthers,
    )
    beginning.forEach((group, index) => {
      const phase = this.#openPhase(group, reserves[index] as number)
      for (const hook of group.hooks) {
        try {
          this.#startHook(hook, phase, keptForLater)
        } catch (cause) {
          this.#failed(new Error(`hook '${hook.name}' could not begin`, { cause }))
        }
      }
    })
  }

  /** Reports an error of the library itself. The remaining hooks run all the same. */
  #failed(error: unknown): void {
    this.fault('lastcall', describeError(error))
  }

  #startHook(hook: PreparedHook, phase: Draft<PhaseReport>, keptForLater: number): void {
    const { deadline, margin } = this.parts.budget
    const timeLeft = deadline - this.elapsed()
    const { reserve } = hook
    const limit = limitOf(
      { timeout: hook.timeoutNow(), reserve },
      { timeLeft, keptForLater, margin },
    )
    const run = new HookRun(hook, limit, this)
    const { began } = run.report
    phase.hooks.push(run.report)
    if (began === null) {
      run.skip()
      return
    }
    this.emit({ type: 'hook:start', hook: hook.name, phase: phase.name, at: began, limit })
    // Added before the hook begins: it may call process.exit() at once, and is then named as lost.
    this.#running.add(run)
    const remove = () => void this.#running.delete(run)
    run.begin()
    void run.ended.then(remove, remove)
  }

  #openPhase({ label, priority }: HookGroup, reserve: number): Draft<PhaseReport> {
    const known = this.#phases.get(priority)
    if (known) return known
    const at = this.elapsed()
    const phase = { name: label, priority, reserve, began: at, ended: at, hooks: [] }
    this.#phases.set(priority, phase)
    this.emit({ type: 'phase:start', phase: label, priority, at })
    return phase
  }

  /** Ends the phase that was running, and again each phase that a late hook has joined. */
  #endPhases(): void {
    for (const phase of this.#phases.values()) {
      const ended = phase.hooks.reduce((last, hook) => Math.max(last, hook.ended), phase.ended)
      if (phase.priority > this.#reached && ended === phase.ended) continue
      phase.ended = ended
      this.emit({ type: 'phase:end', phase: Object.freeze({ ...phase, hooks: [...phase.hooks] }) })
    }
  }

  #writeReport(): Report {
    const { budget, platform, exitCode } = this.parts
    const { grace, margin, deadline } = budget
    const phases = [...this.#phases.values()]
    const outcome = outcomeOf(phases, this.#faults)
    return freeze({
      version: 1,
      reason: this.reason,
      platform,
      outcome,
      ...exitCode(outcome, this.reason, this.#isUndelivered),
      startedAt: new Date(this.#startDate).toISOString(),
      grace,
      margin,
      deadline,
      duration: this.elapsed(),
      phases,
      faults: [...this.#faults],
    })
  }
}
