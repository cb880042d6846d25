import type { Budget } from '../engine/budget.ts'
import type { Coordinator } from '../engine/coordinator.ts'
import type { Log } from '../observe/log.ts'
import { earlyExitLine } from '../observe/log-events.ts'
import type { Tracing } from '../observe/tracing.ts'
import type { Clock } from '../runtime/clock.ts'
import { flushOutput } from '../runtime/flush-output.ts'
import type { ProcessPort } from '../runtime/process.ts'
import {
  beginTogether,
  joinShutdowns,
  type Member,
  type SharedShutdowns,
  worstOutcome,
} from '../runtime/shared-shutdowns.ts'
import { withLimit } from '../runtime/with-limit.ts'
import { EXIT_CODES, type ExitPolicy } from './exit-codes.ts'
import { marginTimes } from './margin.ts'

interface ExitParts {
  readonly host: ProcessPort
  readonly clock: Clock
  readonly budget: Budget
  readonly policy: ExitPolicy
  readonly log: Log
  readonly tracing: Tracing
  /** Called if `process.exit()` returned and the process lives on, for example under a test's spy. */
  readonly stay: () => void
}

/** Exits the process when this shutdown, and every other one in the process, has ended. */
export class ProcessExit {
  readonly #coordinator: Coordinator
  readonly #parts: ExitParts
  readonly #shared: SharedShutdowns
  readonly #member: Member
  #isExiting = false
  #removeExitListener = () => {}

  constructor(coordinator: Coordinator, parts: ExitParts) {
    const { host, clock, log, tracing } = parts
    const { sharedShutdowns: shared } = host
    this.#coordinator = coordinator
    this.#parts = parts
    this.#shared = shared
    const member: Member = {
      begin: (reason) => void coordinator.begin(reason),
      ended: undefined,
      flush: () => allOf([log.flush?.(), tracing.flush()]),
      stay: () => {
        this.#removeExitListener()
        parts.stay()
      },
    }
    this.#member = member
    coordinator.on('start', ({ reason }) => {
      beginTogether(shared, member, reason)
      this.#removeExitListener = host.on('exit', () => this.#checkEarlyExit())
    })
    coordinator.on('end', ({ report }) => {
      member.ended = { rank: EXIT_CODES[report.outcome].rank, code: report.exitCode }
      const worst = worstOutcome(shared)
      // Code that awaits the report runs before this: what it writes is flushed too.
      if (worst) clock.afterPoll(() => void this.#leave(report.duration, worst.code))
    })
    coordinator.on('fault', () => {
      if (member.ended) member.ended = { rank: EXIT_CODES.fault.rank, code: parts.policy.fault }
    })
  }

  /** Joins the shutdowns of the process: this one begins when another does, and the exit waits for it. */
  join(): void {
    joinShutdowns(this.#shared, this.#member)
  }

  /** Leaves the shutdowns of the process, unless this one has begun. */
  withdraw(): void {
    if (!this.#coordinator.signal.aborted) this.#shared.members.delete(this.#member)
  }

  /** Exits the process now. */
  exit(code: number): void {
    const { host, policy } = this.#parts
    this.#isExiting = true
    try {
      host.exit(code)
    } catch (error) {
      if (!host.isExiting) throw error
      // An `exit` listener threw. We caught its error, so the process would live on.
      this.#coordinator.fault(error, 'uncaughtException')
      host.exit(policy.fault)
    } finally {
      this.#liveOn()
    }
  }

  /** Runs only if `process.exit()` did not end the process, which may have further shutdowns later. */
  #liveOn(): void {
    const shared = this.#shared
    const members = [...shared.members]
    shared.members.clear()
    shared.reason = undefined
    shared.graceOverAt.fill(0n)
    // After a poll phase: an error that the exit threw is still handled as a fault.
    this.#parts.clock.afterPoll(() => {
      for (const member of members) member.stay?.()
    })
  }

  async #leave(duration: number, code: number): Promise<void> {
    const { host, clock, budget } = this.#parts
    const { leaving, exitBy } = marginTimes(budget)
    this.#coordinator.emit({ type: 'exit', exitCode: code })
    const left = Math.min(leaving, exitBy - duration)
    const until = clock.now() + left
    // Loggers first: they may write to stdout.
    const flushed = allOf([...this.#shared.members].map((member) => member.flush()))
    // Awaited in any case: code that awaits the event `exit` writes in this turn.
    await (flushed && withLimit<unknown>(flushed, Math.max(1, left), clock, () => undefined))
    await flushOutput(host.outputs(), until - clock.now(), clock)
    // A fault may have changed the code. A shutdown may have joined: then the exit waits for its end.
    const worst = worstOutcome(this.#shared)
    if (worst) this.exit(worst.code)
  }

  /** Handles a `process.exit()` of the application while hooks are running or waiting. */
  #checkEarlyExit(): void {
    const { log, host, policy } = this.#parts
    this.#removeExitListener()
    const lost = this.#isExiting ? [] : this.#coordinator.unfinished
    if (lost.length === 0) return
    log.write(earlyExitLine(lost))
    // Its exit code must not be 0.
    host.failWith(policy.failed)
  }
}

/** Resolves when all have resolved; `undefined` if there is nothing to wait for. */
function allOf(parts: readonly (Promise<unknown> | undefined)[]): Promise<unknown> | undefined {
  const pending = parts.filter((part) => part !== undefined)
  return pending.length === 0 ? undefined : Promise.all(pending)
}
