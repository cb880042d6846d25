import type { Report } from '../engine/report.ts'
import type { Shutdown } from '../shutdown.ts'
import { hasExited } from './test-events.ts'
import type { TestProcess } from './test-process.ts'

/** What a test reads of its shutdown: the order of the hooks, the report, and its promise. */
export class TestRecord {
  readonly order = { began: [] as string[], ended: [] as string[] }
  readonly ended: Promise<Report>
  report: Report | undefined

  /** @param settle lets what is due happen */
  constructor(shutdown: Shutdown, host: TestProcess, settle: () => Promise<void>) {
    // A forced exit ends a real process there and then: what comes after it does not count.
    const isAlive = () => host.exits.length === 0
    shutdown.on('hook:start', ({ hook }) => {
      if (isAlive()) this.order.began.push(hook)
    })
    shutdown.on('hook:end', ({ hook }) => {
      if (isAlive() && hook.began !== null) this.order.ended.push(hook.name)
    })
    this.ended = new Promise((resolve, reject) => {
      shutdown.on('end', ({ report }) => {
        if (!isAlive()) return
        this.report = report
        // The exit comes after a poll phase, and needs no time.
        void settle().then(() => resolve(report))
      })
      shutdown.on('forced', ({ exitCode }) => reject(hasExited(exitCode)))
    })
    this.ended.catch(() => {}) // Most tests don't wait for it.
  }
}
