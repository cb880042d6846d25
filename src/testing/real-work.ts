import { createHook } from 'node:async_hooks'
import type { Report } from '../engine/report.ts'
import { systemProcess } from '../runtime/process.ts'

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

  /** @param timers the timers that count, where they are known; otherwise their number counts */
  constructor(readonly timers?: NewTimers) {
    this.#before = { ...systemProcess.activeResources() }
  }

  /** Empty if no such work is going on. */
  now(): Record<string, number> {
    const work: Record<string, number> = {}
    const active = systemProcess.activeResources()
    if (this.timers) active.Timeout = this.timers.count()
    for (const [kind, count] of Object.entries(this.#before)) {
      this.#before[kind] = Math.min(count, active[kind] ?? 0)
    }
    for (const [kind, count] of Object.entries(active)) {
      const isNew = IS_REQUEST.test(kind) || (kind === 'Timeout' && this.timers !== undefined)
      const before = isNew ? 0 : (this.#before[kind] ?? 0)
      if (count > before && kind !== 'MessagePort') work[kind] = count - before
    }
    return work
  }
}

/** Requests to the system end by themselves, and soon. Those of before count, too. */
const IS_REQUEST = /Req|Connect|WriteWrap|ShutdownWrap|Immediate/

/**
 * The timers that are set from now on. Their number alone says little: a test runner has timers, too, and
 * one of them may end while the application sets one.
 */
export class NewTimers {
  readonly #timers = new Map<number, NodeJS.Timeout>()
  readonly #hook = createHook({
    init: (id, type, _trigger, timer) => {
      if (type === 'Timeout') this.#timers.set(id, timer as NodeJS.Timeout)
    },
    destroy: (id) => void this.#timers.delete(id),
  }).enable()

  /** How many of them have not fired and keep the event loop alive. */
  count(): number {
    return [...this.#timers.values()].filter((timer) => timer.hasRef()).length
  }

  stop(): void {
    this.#hook.disable()
  }
}

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
