import { tallied } from '../peers/rounds.ts'
import { median, range } from '../table.ts'
import type { PoolKind } from './kinds.ts'
import type { PoolStop } from './stop.ts'

/** The longest that a stop may take with nothing in flight, in milliseconds. */
const LONGEST = 1500

export const HEAD = [
  'pool',
  'stops',
  'kept at the signal',
  'requests',
  'lost',
  'how',
  '503',
  'refused',
  'ended',
  'signal to exit, median',
  'longest',
]

export const labelOf = ({ name, size }: PoolKind) => `${name}, ${size} connections`

/** The row of a kind of pool. */
export function cellsOf(kind: PoolKind, stops: readonly PoolStop[]): string[] {
  const sum = (key: 'sent' | 'unavailable' | 'refused') =>
    String(stops.reduce((total, stop) => total + stop[key], 0))
  const lost = stops.flatMap((stop) => stop.lost)
  const times = stops.map(({ elapsed }) => elapsed)
  return [
    labelOf(kind),
    String(stops.length),
    range(
      stops.map(({ kept }) => kept),
      '',
    ),
    sum('sent'),
    String(lost.length),
    lost.length > 0 ? tallied(lost) : '–',
    sum('unavailable'),
    kind.instances > 1 ? '–' : sum('refused'),
    tallied(stops.map(({ how }) => how)),
    `${median(times).toFixed(0)} ms`,
    `${Math.max(...times).toFixed(0)} ms`,
  ]
}

/** One stop, for the progress. */
export function lineOf({ elapsed, how, kept, sent, lost, unavailable, refused }: PoolStop): string {
  const why = lost.length > 0 ? ` (${tallied(lost)})` : ''
  return `${elapsed.toFixed(0)} ms, ${how}, ${kept} kept, ${sent} requests, ${lost.length} lost${why}, ${unavailable} of 503, ${refused} refused`
}

/** What was promised of these stops, and not kept. */
export function problemsOf(stops: readonly PoolStop[]): string[] {
  const count = (isBad: (stop: PoolStop) => boolean, what: string) => {
    const bad = stops.filter(isBad).length
    return bad > 0 ? [`${bad} of ${stops.length} stops ${what}`] : []
  }
  return [
    ...count(({ lost }) => lost.length > 0, 'lost requests'),
    ...count(({ unavailable }) => unavailable > 0, 'answered with 503'),
    ...count(({ how }) => how !== 'code 0', 'did not end with code 0'),
    ...count(({ elapsed }) => elapsed > LONGEST, `took longer than ${LONGEST} ms`),
  ]
}
