import type { Outcome } from './scenario.ts'

/** What became of the writes of a process, and what is wrong with that. */
export interface Verdict {
  /** Acknowledged, and in its file. */
  readonly found: number
  /** Acknowledged, and nowhere. */
  readonly lost: readonly string[]
  /** The same, of a process that a second press has forced out before its flush: the price that is documented. */
  readonly forfeited: readonly string[]
  /** Whether it left with a code that the table doesn't allow here. */
  readonly hasWrongCode: boolean
  /** One line each; none where all is well. */
  readonly problems: readonly string[]
}

/** Holds a process against what was promised: every acknowledged write, and a code that the table allows. */
export function judge(outcome: Outcome): Verdict {
  const { acknowledged, sent, code } = outcome
  const written = new Set(outcome.found)
  const missing = [...acknowledged].filter((write) => !written.has(write))
  const mayForfeit = outcome.said('forced by ') && !outcome.said('flushed ')
  const lost = mayForfeit ? [] : missing
  const allowed = outcome.scenario.allowed(outcome)
  const hasWrongCode = !allowed.includes(code)
  const unknown = [...written].filter((write) => !sent.has(write))
  const twice = outcome.found.length - written.size

  const problems: string[] = []
  if (lost.length > 0) problems.push(`lost ${lost.length} of ${acknowledged.size}: ${few(lost)}`)
  if (hasWrongCode) problems.push(`left with ${code}, allowed: ${allowed.join(', ')}`)
  if (outcome.said('SIGKILL, for the grace is over')) problems.push('alive after its grace')
  if (unknown.length > 0) problems.push(`never sent, but in its file: ${few(unknown)}`)
  if (twice > 0) problems.push(`lines that stand twice in its file: ${twice}`)
  return {
    found: acknowledged.size - missing.length,
    lost,
    forfeited: mayForfeit ? missing : [],
    hasWrongCode,
    problems,
  }
}

function few(writes: readonly string[]): string {
  return writes.slice(0, 5).join(', ') + (writes.length > 5 ? ', …' : '')
}
