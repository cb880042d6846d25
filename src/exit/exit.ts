import type { Budget } from '../engine/budget.ts'
import type { Coordinator } from '../engine/coordinator.ts'
import type { Outcome } from '../engine/report.ts'
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
import type { ExitPolicy } from './exit-codes.ts'

/** What a shutdown that ends its process does besides running its hooks. */
export interface Exiting {
  /** Takes part: it begins when another one does, and is waited for. */
  join(): void
  /** Takes no part any more, unless its run has begun. */
  part(): void
  /** Ends the process now. */
  exit(code: number): void
}

/** Ends the process when the run, and that of every other shutdown in it, has ended. */
export function exitAtTheEnd(
  coordinator: Coordinator,
  parts: {
    host: ProcessPort
    clock: Clock
    budget: Budget
    policy: ExitPolicy
    log: Log
    tracing: Tracing
    /** Called where the process lives on: something stood in for its exit, such as a test's spy. */
    stay: () => void
  },
): Exiting {
  const { host, clock, budget, policy, log, tracing } = parts
  const { sharedShutdowns: shared } = host
  let stopWatching = () => {}
  const member: Member = {
    begin: (reason) => void coordinator.begin(reason),
    ended: undefined,
    flush: () => {
      const all = [log.flush?.(), tracing.flush()].flatMap((one) => one ?? [])
      return all.length === 0 ? undefined : Promise.all(all)
    },
    stay: () => {
      stopWatching()
      parts.stay()
    },
  }
  let isExiting = false

  const exit = (code: number) => {
    isExiting = true
    try {
      host.exit(code)
    } catch (error) {
      if (!host.isExiting) throw error
      // A listener of `exit` has thrown. Whoever takes that in, as we do, has the process live on for ever.
      coordinator.fault(error, 'uncaughtException')
      host.exit(policy.fault)
    } finally {
      // Only where something stands in for the exit: there may be others after this one.
      const members = [...shared.members]
      shared.members.clear()
      shared.reason = undefined
      shared.graceOverAt.fill(0n)
      // What it has thrown is still told as any other fault.
      clock.afterPoll(() => {
        for (const one of members) one.stay?.()
      })
    }
  }
  const leave = async (duration: number, code: number) => {
    coordinator.emit({ type: 'exit', exitCode: code })
    const left = Math.min(budget.margin, budget.grace - duration) - budget.margin * EXIT_SHARE
    const until = clock.now() + left
    // First the loggers: what they hold may go to stdout.
    await flushMembers(shared, left, clock)
    await flushOutput(host.outputs(), until - clock.now(), clock)
    // It may have become worse, or somebody may have joined, who will leave at his end.
    const worst = worstOutcome(shared)
    if (worst) exit(worst.code)
  }

  coordinator.on('start', ({ reason }) => {
    beginTogether(shared, member, reason)
    stopWatching = host.on('exit', () => {
      stopWatching()
      const lost = isExiting ? [] : coordinator.unfinished
      if (lost.length === 0) return
      log.write(earlyExitLine(lost))
      // Its code must not tell that all was well.
      host.failWith(policy.failed)
    })
  })
  coordinator.on('end', ({ report }) => {
    member.ended = { rank: RANKS[report.outcome], code: report.exitCode }
    const worst = worstOutcome(shared)
    // Whoever waits for the report has his turn first: what he writes is to be flushed too.
    if (worst) clock.afterPoll(() => void leave(report.duration, worst.code))
  })
  coordinator.on('fault', () => {
    if (member.ended) member.ended = { rank: RANKS.fault, code: policy.fault }
  })
  return {
    join: () => joinShutdowns(shared, member),
    part: () => {
      if (!coordinator.signal.aborted) shared.members.delete(member)
    },
    exit,
  }
}

/** Waits for the loggers and the spans of all that leave together. */
async function flushMembers(
  { members }: SharedShutdowns,
  milliseconds: number,
  clock: Clock,
): Promise<void> {
  const flushes = [...members].flatMap((member) => member.flush() ?? [])
  if (flushes.length === 0) return
  await withLimit<unknown>(Promise.all(flushes), Math.max(1, milliseconds), clock, () => undefined)
}

/** How bad an outcome is: of several shutdowns the worst one's code counts. */
const RANKS: Record<Outcome, number> = { clean: 0, failed: 1, 'cut off': 2, fault: 3 }

/** The part of the margin that is for the exit itself; in the rest loggers, stdout and stderr are flushed. */
const EXIT_SHARE = 0.1
