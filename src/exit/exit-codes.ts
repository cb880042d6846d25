import { invalidOption } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { Outcome } from '../engine/report.ts'
import { signalNumbers } from '../runtime/signals.ts'

/** The codes to exit with, by how it ended: 0 to 255 each. */
export interface ExitCodes {
  /**
   * All hooks done. Default: the application's own `process.exitCode` where that is not 0, else 0.
   * `'signal'` gives 128 + n after a signal, as a shell would report it.
   */
  readonly clean?: number | 'signal'
  /** A hook failed. Default 1. */
  readonly failed?: number
  /** The deadline, or a limit of its own, cut a hook off. Default 124, as timeout(1) has it. */
  readonly deadline?: number
  /** An uncaught exception or unhandled rejection, whatever the hooks did. Default 1. */
  readonly fault?: number
  /** A second press. Default: 128 + n. */
  readonly forced?: number | 'signal'
}

const DEFAULTS = { failed: 1, deadline: 124, fault: 1, forced: 'signal' } as const

/** The policy with its defaults. */
export type ExitPolicy = Required<Omit<ExitCodes, 'clean'>> & Pick<ExitCodes, 'clean'>

export function exitPolicy(option: unknown): ExitPolicy {
  if (option === undefined) return DEFAULTS
  if (typeof option !== 'object' || option === null) {
    throw invalidOption('exitCodes', "an object such as { deadline: 1, clean: 'signal' }", option)
  }
  for (const [key, code] of Object.entries(option)) {
    const name = `exitCodes.${key}`
    if (key !== 'clean' && !Object.hasOwn(DEFAULTS, key)) {
      throw invalidOption(name, `one of clean, ${Object.keys(DEFAULTS).join(', ')}`, key)
    }
    if (code === undefined) continue
    const named = code === 'signal' && (key === 'clean' || key === 'forced')
    if (!named && !(Number.isInteger(code) && code >= 0 && code <= 255)) {
      const rule = 'an integer from 0 to 255 (the kernel keeps 8 bits: 256 would read as 0)'
      throw invalidOption(name, key in { clean: 1, forced: 1 } ? `${rule} or 'signal'` : rule, code)
    }
  }
  const given = Object.entries(option).filter(([, code]) => code !== undefined)
  return { ...DEFAULTS, ...Object.fromEntries(given) }
}

/** The code that a run leaves with. */
export function exitCodeOf(
  outcome: Outcome,
  reason: Reason,
  policy: ExitPolicy,
  applicationCode: number,
): number {
  switch (outcome) {
    case 'fault':
      return policy.fault
    case 'cut off':
      return policy.deadline
    case 'failed':
      return policy.failed
    case 'clean':
      if (policy.clean === 'signal') {
        return reason.kind === 'signal' ? signalCode(reason.signal) : applicationCode
      }
      return policy.clean ?? applicationCode
  }
}

/** The code of a press that forces the exit. */
export function forcedCode(signal: NodeJS.Signals, policy: ExitPolicy): number {
  return policy.forced === 'signal' ? signalCode(signal) : policy.forced
}

/** 128 + n, as shells report a death by signal n. */
function signalCode(signal: NodeJS.Signals): number {
  return 128 + (signalNumbers()[signal] ?? 0)
}
