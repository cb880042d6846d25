import type { Scenario, Signal } from './scenario.ts'

// Restated from docs/reference/errors.md: Exit codes.

export type Outcome = 'clean' | 'failed' | 'cut off' | 'fault'
export type Status = 'done' | 'failed' | 'cut off'

const NUMBERS: Record<Signal, number> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** The worst that happened. */
export function outcomeOf(statuses: readonly Status[], faults: number): Outcome {
  if (faults > 0) return 'fault'
  if (statuses.includes('cut off')) return 'cut off'
  return statuses.includes('failed') ? 'failed' : 'clean'
}

export function codeOf(
  outcome: Outcome,
  reason: string,
  { exitCodes, applicationCode }: Scenario,
): number {
  const { clean = applicationCode, failed = 1, deadline = 124, fault = 1 } = exitCodes
  if (outcome === 'fault') return fault
  if (outcome === 'cut off') return deadline
  if (outcome === 'failed') return failed
  if (clean !== 'signal') return clean
  return isSignal(reason) ? 128 + NUMBERS[reason] : applicationCode
}

export function forcedCode(signal: Signal, { exitCodes }: Scenario): number {
  const { forced = 'signal' } = exitCodes
  return forced === 'signal' ? 128 + NUMBERS[signal] : forced
}

function isSignal(reason: string): reason is Signal {
  return reason in NUMBERS
}
