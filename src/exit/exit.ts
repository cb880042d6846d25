import { formatDuration } from '../base/duration.ts'
import type { Budget } from '../engine/budget.ts'
import type { Coordinator } from '../engine/coordinator.ts'
import type { Outcome, Report } from '../engine/report.ts'
import type { Log } from '../observe/log.ts'
import { earlyExitLine, othersCutOffLine } from '../observe/log-events.ts'
import type { Tracing } from '../observe/tracing.ts'
import { causeOf, faultsInWords, lossInWords } from '../picture/report-words.ts'
import { describeListener, listenerLabel } from '../platform/signal-listeners.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ProcessPort } from '../runtime/process.ts'
import { callAfterHooks } from '../runtime/shared-hooks.ts'
import {
  beginTogether,
  joinShutdowns,
  type Member,
  numberOf,
  type SharedOutcome,
  type SharedShutdowns,
  watchTogether,
  worstOutcome,
  worstSoFar,
} from '../runtime/shared-shutdowns.ts'
import { untilSettled } from '../runtime/until-idle.ts'
import { startBackstop } from './backstop.ts'
import { EXIT_CODES, type ExitPolicy, forcedCode, outcomeOfRank } from './exit-codes.ts'
import { allOf, FinalFlush } from './final-flush.ts'
import type { Watchdog } from './watchdog/watchdog.ts'

interface ExitParts {
  readonly host: ProcessPort
  readonly clock: Clock
  readonly budget: Budget
  readonly policy: ExitPolicy
  readonly log: Log
  readonly tracing: Tracing
  readonly watchdog: Watchdog
  /** Called if `process.exit()` returned and the process lives on, for example under a test's spy. */
  readonly stay: () => void
}

/** Exits the process when this shutdown, and every other one in the process, has ended. */
export class ProcessExit {
  readonly #coordinator: Coordinator
  readonly #parts: ExitParts
  readonly #shared: SharedShutdowns
  readonly #member: Member
  /** Whether this shutdown was the last to end: it leaves for all. */
  #isLeaving = false
  /** The code of our own exit; `undefined` until then. */
  #exitsWith: number | undefined
  /** The code of the last event `exit`. */
  #announced: number | undefined
  readonly #flush: FinalFlush
  #undoListeners = () => {}
  #stopBackstop = () => {}

  constructor(coordinator: Coordinator, parts: ExitParts) {
    const { host, clock, log, tracing, watchdog } = parts
    const { sharedShutdowns: shared } = host
    this.#coordinator = coordinator
    this.#parts = parts
    this.#shared = shared
    this.#flush = new FinalFlush({ ...parts, shared, onLost: (because) => this.#onLost(because) })
    const member: Member = {
      watch: () => watchdog.start(),
      begin: (reason) => void coordinator.begin(reason),
      ended: undefined,
      unfinished: () => coordinator.unfinished,
      flush: () => allOf([log.flush?.(), tracing.flush()]),
      stay: () => {
        this.#stopBackstop()
        this.#undoListeners()
        watchdog.stop()
        parts.stay()
      },
    }
    this.#member = member
    coordinator.on('start', ({ reason }) => {
      beginTogether(shared, member, reason)
      const undoExit = host.on('exit', () => this.#onExit())
      const undoLastMoment = host.onLastMoment((code) => this.#lastCode(code))
      this.#undoListeners = () => {
        undoExit()
        undoLastMoment()
      }
      const began = clock.now()
      this.#stopBackstop = startBackstop(parts, () => this.#leaveBroken(began))
    })
    coordinator.on('end', ({ report }) => {
      this.#stopBackstop()
      const { outcome, exitCode: code } = report
      const isUndelivered = outcome === 'clean' && code === parts.policy.undelivered
      const because = isUndelivered ? 'a peer did not take all that was for it' : causeOf(report)
      member.ended = { rank: EXIT_CODES[outcome].rank, code, because }
      // Code that awaits the report runs before this: what it writes is flushed too.
      if (!worstOutcome(shared)) return
      this.#isLeaving = true
      const began = clock.now() - report.duration
      clock.afterPoll(() => void this.#leave(began))
    })
    coordinator.on('fault', ({ fault }) => {
      if (!member.ended) return
      const { rank } = EXIT_CODES.fault
      member.ended = { rank, code: parts.policy.fault, because: faultsInWords([fault]) }
    })
  }

  /** The place of this shutdown among those of the process. `undefined` if it is the only one. */
  get number(): number | undefined {
    return numberOf(this.#shared, this.#member)
  }

  /** The code of the process if this shutdown ends like that, as far as it is known. */
  codeAfter(outcome: Outcome, code: number): Pick<Report, 'exitCode' | 'processOutcome'> {
    const own = { rank: EXIT_CODES[outcome].rank, code }
    const worst = worstSoFar(this.#shared, this.#member, own)
    if (worst.rank === own.rank) return { exitCode: worst.code }
    return { exitCode: worst.code, processOutcome: outcomeOfRank(worst.rank) }
  }

  /** Joins the shutdowns of the process: this one begins when another does, and the exit waits for it. */
  join(): void {
    joinShutdowns(this.#shared, this.#member)
  }

  /** Starts the watchdogs of all shutdowns of the process. */
  watch(): void {
    watchTogether(this.#shared, this.#member)
  }

  /** Leaves the shutdowns of the process, unless one of them has begun: then this one begins, too. */
  withdraw(): void {
    if (!this.#parts.watchdog.hasStarted) this.#shared.members.delete(this.#member)
  }

  /** The library itself has failed: the shutdown has not ended by its deadline. The process leaves all the same. */
  #leaveBroken(began: number): void {
    const { budget, policy } = this.#parts
    const loss = lossInWords(this.#coordinator.unfinished)
    const because = `the shutdown has not ended by its deadline of ${formatDuration(budget.deadline)}`
    const message = loss === '' ? because : `${because}: ${loss}`
    this.#coordinator.fault(new Error(message), 'lastcall')
    this.#member.ended = { rank: EXIT_CODES.fault.rank, code: policy.fault, because }
    if (!worstOutcome(this.#shared)) return
    this.#isLeaving = true
    void this.#leave(began)
  }

  /** Exits the process now, and says which hooks of all its shutdowns are lost. */
  force(signal: NodeJS.Signals): void {
    const exitCode = forcedCode(signal, this.#parts.policy)
    const members = [...this.#shared.members]
    const unfinished = members.flatMap((member) => member.unfinished?.() ?? [])
    const running = unfinished.flatMap((hooks) => hooks.running)
    const waiting = unfinished.flatMap((hooks) => hooks.waiting)
    for (const member of members) member.isForced = true
    this.#coordinator.emit({ type: 'forced', signal, exitCode, running, waiting })
    this.exit(exitCode)
  }

  /** Exits the process now. */
  exit(code: number): void {
    const { host, policy } = this.#parts
    this.#exitsWith = code
    try {
      host.exit(code)
    } catch (error) {
      if (!host.isExiting) throw error
      // An `exit` listener threw. We caught its error, so the process would live on.
      this.#coordinator.fault(error, 'uncaughtException')
      this.#exitsWith = policy.fault
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

  async #leave(began: number): Promise<void> {
    await this.#callOthers(began)
    // A fault may have changed the code. A shutdown may have joined: then the exit waits for its end.
    for (let expected = this.#outcomeNow(); expected; expected = this.#outcomeNow()) {
      this.#announce(expected, expected.code)
      await this.#flush.before(began, 'the exit')
      // What has happened meanwhile counts, and the log says it before the exit.
      if (this.#outcomeNow()?.code === expected.code) return this.exit(expected.code)
    }
  }

  /** How the process leaves, as it is now. After a clean end the application's own code counts. */
  #outcomeNow(): SharedOutcome | undefined {
    const { host, policy } = this.#parts
    const worst = worstOutcome(this.#shared)
    const isOwn = worst?.rank === EXIT_CODES.clean.rank && policy.clean === 'application'
    return isOwn && host.exitCode !== 0 ? { ...worst, code: host.exitCode } : worst
  }

  /** Calls what waits for the end of the last hook. The promises that it returns have time until the deadline. */
  async #callOthers(began: number): Promise<void> {
    const { clock, budget, host } = this.#parts
    const { sharedHooks } = host
    if (sharedHooks.callbacks.length === 0) return
    // A callback may end the process. What was logged until now must have left it.
    await this.#flush.before(began, 'others')
    // A shutdown may have joined: its hooks come first.
    if (!worstOutcome(this.#shared)) return
    const left = began + budget.deadline - clock.now()
    const called = callAfterHooks(sharedHooks)
    if (!(await untilSettled(called, Math.max(1, left), { host, clock }))) this.#nameCutOff()
    // What a callback has thrown counts.
    await new Promise<void>((resolve) => clock.afterPoll(resolve))
  }

  /** Names the listeners of other code that are not done. */
  #nameCutOff(): void {
    const { host, log } = this.#parts
    const turns = [...host.sharedHooks.othersTurns]
    const names = turns.map(
      ({ signal, listener }) => `${listenerLabel(describeListener(listener))} (${signal})`,
    )
    if (names.length > 0) log.write(othersCutOffLine(names))
  }

  #announce({ rank, because = null }: SharedOutcome, exitCode: number): void {
    if (exitCode === this.#announced) return
    this.#announced = exitCode
    this.#coordinator.emit({ type: 'exit', exitCode, outcome: outcomeOfRank(rank), because })
  }

  /** What the reader of an output did not take changes the code only if the application wants that. */
  #onLost(because: string): void {
    const { undelivered } = this.#parts.policy
    const { ended } = this.#member
    if (undelivered === undefined || ended?.rank !== EXIT_CODES.clean.rank) return
    this.#member.ended = { ...ended, code: undelivered, because }
  }

  /** Handles an exit of the process, unless it is ours. */
  #onExit(): void {
    if (this.#exitsWith !== undefined || this.#member.isForced) return
    const { log, host, policy } = this.#parts
    const { unfinished } = this.#coordinator
    if (unfinished.running.length + unfinished.waiting.length > 0) {
      log.write(earlyExitLine(unfinished))
      // Its exit code must not be 0.
      host.exitCode ||= policy.failed
    } else if (!host.isExiting) this.#onExitAfterHooks()
  }

  /** Code of others ends the process when all hooks have ended. Its exit code counts after a clean shutdown. */
  #onExitAfterHooks(): void {
    const { host } = this.#parts
    const worst = worstOutcome(this.#shared)
    if (!worst) return
    host.exitCode = codeAfter(worst, host.exitCode)
    if (this.#isLeaving) this.#announce(worst, host.exitCode)
  }

  /** The code with which the process exits. `exit` listeners of others may have set another one. */
  #lastCode(code: number): number {
    const { policy } = this.#parts
    if (this.#member.isForced) return this.#exitsWith ?? code
    const worst = worstOutcome(this.#shared)
    // Hooks are lost.
    if (!worst) return code || policy.failed
    const last = codeAfter(worst, code)
    if (this.#isLeaving) this.#announce(worst, last)
    return last
  }
}

/** The code after an outcome: after a clean one that of the application, and never 0 in place of another. */
function codeAfter({ rank, code }: SharedOutcome, applicationCode: number): number {
  return rank > EXIT_CODES.clean.rank ? code : applicationCode || code
}
