import { markdownTable, median } from '../../bench/table.ts'
import type { Fault } from './faults.ts'
import type { Life } from './instance.ts'
import { failedThroughBalancer, leaving, type Outcome } from './outcome.ts'

/** What was replaced, and what everybody saw of it. */
export function rollingTable(outcomes: readonly Outcome[]): string {
  const rows: [label: string, cell: (outcome: Outcome) => string][] = [
    ['readiness checks', ({ checks }) => checks],
    ['instances replaced', ({ lives }) => count(lives.length)],
    ['requests', (outcome) => count(requestsOf(outcome))],
    [
      '**failed through the balancer**',
      (outcome) => `**${count(failedThroughBalancer(outcome))}**`,
    ],
    ['of them: wrk', ({ wrk }) => count(sum(Object.values(wrk.failures)))],
    ['tried again elsewhere by the balancer', ({ retries }) => count(retries)],
    [
      'failed of those that etcd led to it',
      ({ throughEtcd: { failures } }) => count(failures.length),
    ],
    ['acknowledged writes', ({ acknowledged }) => count(acknowledged)],
    ['**missing in PostgreSQL**', ({ lostInPostgres }) => `**${count(lostInPostgres)}**`],
    ['**missing in Redis**', ({ lostInRedis }) => `**${count(lostInRedis)}**`],
    [
      'longest pause of a client',
      (outcome) =>
        milliseconds(Math.max(outcome.throughBalancer.longestPause, outcome.wrk.longest)),
    ],
    ['signal to exit, median', ({ lives }) => milliseconds(median(lives.map(leaving)))],
    ['signal to exit, longest', ({ lives }) => milliseconds(Math.max(...lives.map(leaving)))],
    ['exit codes', ({ lives }) => codesOf(lives)],
  ]
  const head = ['', ...outcomes.map(({ way, balancer }) => `${wayOf(way)}, ${balancer}`)]
  return markdownTable(
    head,
    rows.map(([label, cell]) => [label, ...outcomes.map(cell)]),
  )
}

/** What was lost by each fault, and how long it took. */
export function faultTable(outcomes: readonly (readonly [Fault, Outcome])[]): string {
  const head = [
    'what goes wrong',
    'signal to exit',
    'code',
    'failed through HAProxy',
    'failed by etcd',
    'acknowledged, and lost',
    'longest pause of a client',
  ]
  return markdownTable(
    head,
    outcomes.map(([{ name }, outcome]) => [
      name,
      rangeOf(outcome.lives.map(leaving)),
      codesOf(outcome.lives),
      count(failedThroughBalancer(outcome)),
      count(outcome.throughEtcd.failures.length),
      `${outcome.lostInPostgres + outcome.lostInRedis} of ${count(outcome.acknowledged)}`,
      milliseconds(Math.max(outcome.throughBalancer.longestPause, outcome.wrk.longest)),
    ]),
  )
}

const wayOf = (way: string) => (way === 'lastcall' ? way : `\`${way}\``)
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const count = (value: number) => value.toLocaleString('en')
const milliseconds = (value: number) => `${count(Math.round(value))} ms`

const requestsOf = ({ wrk, throughBalancer, throughEtcd }: Outcome) =>
  wrk.requests + throughBalancer.requests + throughEtcd.requests

function rangeOf(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return values.length === 1
    ? milliseconds(most)
    : `${count(Math.round(least))} to ${milliseconds(most)}`
}

function codesOf(lives: readonly Life[]): string {
  const counts = new Map<string, number>()
  for (const { code, killedBy } of lives) {
    const how = killedBy ?? String(code)
    counts.set(how, (counts.get(how) ?? 0) + 1)
  }
  return [...counts]
    .map(([how, times]) => (lives.length === 1 ? how : `${how} × ${times}`))
    .join(', ')
}
