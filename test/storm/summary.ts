import { markdownTable, range } from '../../bench/table.ts'
import { judge, type Verdict } from './judge.ts'
import type { Outcome } from './scenario.ts'

export interface Judged {
  readonly outcome: Outcome
  readonly verdict: Verdict
}

export function judged(outcome: Outcome): Judged {
  return { outcome, verdict: judge(outcome) }
}

/** A row for each kind in the order of its name in `kinds`, and one for all. */
export function summaryOf(all: readonly Judged[], kinds: readonly string[]): string {
  const rows = kinds
    .map((kind) => [kind, all.filter(({ outcome }) => outcome.scenario.kind === kind)] as const)
    .filter(([, ofKind]) => ofKind.length > 0)
    .map(([kind, ofKind]) => row(kind, ofKind))
  return markdownTable(HEAD, rows.length > 1 ? [...rows, row('all', all)] : rows)
}

const HEAD = [
  'kind of storm',
  'processes',
  'acknowledged',
  'found',
  'lost',
  'forfeited',
  'left with',
  'wrong codes',
  'first blow to exit',
]

function row(kind: string, all: readonly Judged[]): string[] {
  const sum = (count: (one: Judged) => number) =>
    String(all.reduce((total, one) => total + count(one), 0))
  return [
    kind,
    String(all.length),
    sum(({ outcome }) => outcome.acknowledged.size),
    sum(({ verdict }) => verdict.found),
    sum(({ verdict }) => verdict.lost.length),
    sum(({ verdict }) => verdict.forfeited.length),
    codesOf(all),
    sum(({ verdict }) => Number(verdict.hasWrongCode)),
    range(
      all.map(({ outcome }) => outcome.took),
      'ms',
    ),
  ]
}

/** `0 × 12, SIGTERM × 3`. */
function codesOf(all: readonly Judged[]): string {
  const counts = new Map<string, number>()
  for (const { outcome } of all) {
    counts.set(String(outcome.code), (counts.get(String(outcome.code)) ?? 0) + 1)
  }
  return [...counts]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([code, count]) => `${code} × ${count}`)
    .join(', ')
}

/** What one needs to find the cause. */
export function accountOf({ outcome, verdict }: Judged, seed: number): string {
  const { number, kind, service, blows } = outcome.scenario
  return [
    `Process ${number} of seed ${seed}, ${kind}: ${verdict.problems.join('; ')}`,
    `  service: ${JSON.stringify(service)}`,
    `  blows: ${JSON.stringify(blows)}`,
    ...outcome.timeline.map((line) => `  ${line}`),
  ].join('\n')
}
