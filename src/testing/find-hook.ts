import { AssertionError } from 'node:assert'
import { invalidOption, show } from '../base/errors.ts'
import type { HookReport, Report } from '../engine/report.ts'

/** A hook of a report, with the position of its phase among those that ran. */
export interface HookMatch {
  readonly hook: HookReport
  readonly phase: number
}

export function findHook(report: unknown, name: string): HookMatch {
  const { phases } = checkReport(report)
  if (typeof name !== 'string') throw invalidOption('name', 'the name of a hook', name)
  for (const [phase, { hooks }] of phases.entries()) {
    const hook = hooks.find((one) => one.name === name)
    if (hook) return { hook, phase }
  }
  const names = phases.flatMap(({ hooks }) => hooks.map((hook) => `'${hook.name}'`)).join(', ')
  throw new AssertionError({
    message: `There is no hook '${name}' in the report. There are: ${names || 'none'}.`,
  })
}

/** Refuses what is no report. Most often it is missing, because the shutdown is not over. */
export function checkReport(report: unknown): Report {
  const { phases } = Object(report)
  if (Array.isArray(phases)) return report as Report
  const missing =
    'There is no report: the shutdown is not over, has not begun, or was forced to exit. Send a signal, and move the clock on until the last hook has ended or is cut off: await signal("SIGTERM"), await advance("10s").'
  const fix = report instanceof Promise ? 'Await it.' : 'Pass the `report` of a shutdown.'
  throw new AssertionError({
    message: report === undefined ? missing : `Expected a report, got ${show(report)}. ${fix}`,
  })
}
