import type { Report } from '../engine/report.ts'
import { systemProcess } from '../runtime/process.ts'
import type { PendingWork } from './node/pending-work.ts'

/** How many resources of each kind keep the event loop alive, by the names that Node gives the kinds. */
export type Resources = Readonly<Record<string, number>>

/** `1 FSReqPromise, 2 Timeout` */
export function listResources(resources: Resources): string {
  return Object.entries(resources)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ')
}

/**
 * The real work that has begun since this object was made: what keeps the event loop alive and did not before.
 * A server, a connection or a child process that was there before is not such work.
 */
export class RealWork {
  /** What was there before, by kind. What ends does not make room for something new. */
  readonly #before: Record<string, number>

  /** @param pending knows timers and requests one by one. Without it, their number has to do */
  constructor(readonly pending?: PendingWork) {
    this.#before = { ...systemProcess.activeResources() }
  }

  /** The timers of now do not count: one of them is that of the test runner. */
  ignoreTimers(): void {
    this.#before.Timeout = systemProcess.activeResources().Timeout ?? 0
  }

  /** Empty if no such work is going on. */
  now(): Record<string, number> {
    const active = systemProcess.activeResources()
    const work = this.pending?.count() ?? {}
    for (const [kind, count] of Object.entries(this.#before)) {
      this.#before[kind] = Math.min(count, active[kind] ?? 0)
    }
    for (const [kind, count] of Object.entries(active)) {
      if (NO_WORK.test(kind) || (this.pending && KNOWN.test(kind))) continue
      const before = this.#before[kind] ?? 0
      if (count > before) work[kind] = count - before
    }
    return work
  }
}

/** The kit lets promises settle with a port. How long a write takes is up to the peer. */
const NO_WORK = /^(MessagePort|WriteWrap|ShutdownWrap)$/

/** What `PendingWork` knows better. */
const KNOWN = /^Timeout$|Req/

/** The reports of shutdowns on the clock of a test. */
const onTestClock = new WeakSet<Report>()

export function noteTestReport(report: Report): void {
  onTestClock.add(report)
}

/** The hooks that the clock of a test cut off during real work, and that work. */
export function cutOffDuringRealWork(report: Report): { name: string; work: string }[] {
  if (!onTestClock.has(report)) return []
  return report.phases
    .flatMap((phase) => phase.hooks)
    .map(({ name, hang }) => ({ name, work: listResources(hang?.resources ?? {}) }))
    .filter(({ work }) => work !== '')
}
