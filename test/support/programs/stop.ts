import { createShutdown } from '../../../src/create-shutdown.ts'
import type { Hooks } from '../../../src/engine/hook.ts'
import type { HookReport, Report } from '../../../src/engine/report.ts'
import type { ShutdownOptions } from '../../../src/shutdown.ts'

/** A shutdown that leaves the test's process alone, and tells its problems in the report only. */
export function quietShutdown(options: ShutdownOptions = {}) {
  return createShutdown({ exit: false, log: false, grace: '10s', ...options })
}

/** Runs these hooks in a shutdown of their own; resolves with what the report says of the first. */
export async function stopped(hooks: Hooks): Promise<HookReport> {
  const shutdown = quietShutdown()
  shutdown.add(hooks)
  return firstHook(await shutdown.now())
}

export function firstHook(report: Report): HookReport {
  const [hook] = report.phases.flatMap((phase) => phase.hooks)
  if (!hook) throw new Error('no hook has run')
  return hook
}
