import { parseDuration } from './base/duration.ts'
import { invalidOption, optionNames, refuseUnknownOptions } from './base/errors.ts'
import { budgetOf, type GraceSource, keepForOthers } from './engine/budget.ts'
import { phasesWith } from './engine/phases.ts'
import { exitPolicy } from './exit/exit-codes.ts'
import { openLog } from './observe/log.ts'
import { guessPlatform } from './platform/platform.ts'
import type { Clock } from './runtime/clock.ts'
import type { ProcessPort } from './runtime/process.ts'
import type { ShutdownOptions } from './shutdown.ts'
import { faultSettings } from './triggers/faults.ts'
import { messageSettings } from './triggers/messages.ts'
import { signalSettings } from './triggers/signals.ts'

/** The process and the clock that a shutdown works with. Tests pass their own. */
export interface Ports {
  readonly host: ProcessPort
  readonly clock: Clock
}

/** The options of `createShutdown()`, in the order in which errors list them. */
export const OPTIONS = optionNames<ShutdownOptions>({
  name: true,
  grace: true,
  margin: true,
  phases: true,
  signals: true,
  exitCodes: true,
  exit: true,
  faults: true,
  beforeExit: true,
  messages: true,
  watchdog: true,
  log: true,
})

/**
 * Checks the options of `createShutdown()` and fills in the defaults.
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` or `LASTCALL_SIGNAL_REFUSED`
 */
export function readOptions(options: ShutdownOptions, ports: Ports) {
  refuseUnknownOptions(options, OPTIONS, "{ grace: '10s' }")
  const platform = guessPlatform(ports.host)
  const graceFrom: GraceSource = options.grace === undefined ? 'platform' : 'option'
  const grace = graceFrom === 'platform' ? platform.grace : parseDuration(options.grace, 'grace')
  const signals = Object.freeze(signalSettings(options.signals))
  const split = budgetOf(grace, options.margin, graceFrom)
  const budget = Object.freeze(signals.others === 'after' ? keepForOthers(split) : split)
  return Object.freeze({
    name: nameOf(options.name),
    platform,
    budget,
    graceFrom,
    phases: phasesWith(options.phases, graceFrom === 'option' ? budget.deadline : undefined),
    exitCodes: Object.freeze(exitPolicy(options.exitCodes)),
    signals,
    messages: Object.freeze([...messageSettings(options.messages)]),
    exit: flag(options.exit, 'exit'),
    faults: faultSettings(options.faults),
    beforeExit: flag(options.beforeExit, 'beforeExit', false),
    watchdog: flag(options.watchdog, 'watchdog'),
    log: openLog(options.log, ports),
  })
}

export type Settings = ReturnType<typeof readOptions>

function nameOf(name: unknown): string | undefined {
  if (name === undefined || (typeof name === 'string' && name !== '')) return name
  throw invalidOption('name', 'a string that is not empty', name)
}

function flag(value: unknown, option: string, byDefault = true): boolean {
  if (value === undefined) return byDefault
  if (typeof value === 'boolean') return value
  throw invalidOption(option, 'true or false', value)
}
