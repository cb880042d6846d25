import { formatDuration } from './duration.ts'
import type { Report } from './report.ts'

/** What was under way when a hook was cut off, in lines. */
export interface UnderWay {
  readonly hook: string
  /** Milliseconds since the start of the run. */
  readonly at: number
  readonly lines: readonly string[]
}

/** Reads `hangs` of a report, where it has them; what isn't as expected is left out. */
export function underWay(report: Report & { readonly hangs?: unknown }): UnderWay[] {
  return listOf(report.hangs).flatMap((hang) => {
    const { hook, at, running, resources } = Object(hang)
    if (typeof hook !== 'string' || typeof at !== 'number') return []
    const lines = [...listOf(running).flatMap(describe), ...open(resources)]
    return lines.length === 0 ? [] : [{ hook, at, lines }]
  })
}

function describe(one: unknown): string[] {
  const { hook, phase, age, waitingFor } = Object(one)
  if (typeof hook !== 'string') return []
  const where = typeof phase === 'string' ? ` (${phase})` : ''
  const old = typeof age === 'number' ? `, ${formatDuration(age)} old` : ''
  return [`${hook}${where}${old}`, ...listOf(waitingFor).map((what) => `waits for ${String(what)}`)]
}

function open(resources: unknown): string[] {
  const counts = Object.entries(Object(resources)).map(([name, count]) => `${count} ${name}`)
  return counts.length === 0 ? [] : [`open: ${counts.join(', ')}`]
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
