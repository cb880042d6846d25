/** Who took part in something, what state each was in, and what happened when: plain data, written by a recorder. */
export interface Sequence {
  readonly title: string
  /** What was run, and where: the line below the title. */
  readonly about: string
  /** From left to right, and from the top down. */
  readonly lanes: readonly Lane[]
  readonly spans: readonly Span[]
  readonly events: readonly Happening[]
}

export interface Lane {
  readonly id: string
  readonly name: string
  /** What it belongs to, where the same thing is shown several times, side by side. */
  readonly group?: string
  /** Whether a stand-in took its part. */
  readonly isStandIn?: boolean
}

/** A lane in one state. Times are milliseconds, of the same clock as those of the events. */
export interface Span {
  readonly lane: string
  readonly from: number
  readonly to: number
  readonly state: State
  /** What this state means there, for the legend: "serves". */
  readonly label: string
}

/** It is well; it is well but about to go; it comes to its end; it waits; it does harm. */
export type State = 'up' | 'leaving' | 'ending' | 'idle' | 'bad'

export const STATES: readonly State[] = ['up', 'leaving', 'ending', 'idle', 'bad']

/** Something that one lane did, or did to another. */
export interface Happening {
  /** Milliseconds. Zero is where the picture's time begins; what was before it is negative. */
  readonly at: number
  readonly lane: string
  /** Whom it was done to. */
  readonly to?: string
  readonly label: string
  readonly tone?: Tone
  /** Whether it was read, and not run. */
  readonly isRead?: boolean
}

export type Tone = 'good' | 'warn' | 'bad'

/** Throws where a lane is named that isn't there, or a time is none: a picture of that would be wrong in silence. */
export function checkSequence(sequence: Sequence): Sequence {
  const { title, lanes, spans, events } = sequence
  const known = new Set(lanes.map(({ id }) => id))
  const named = [
    ...spans.map(({ lane }) => lane),
    ...events.flatMap(({ lane, to }) => (to === undefined ? [lane] : [lane, to])),
  ]
  const unknown = named.find((id) => !known.has(id))
  if (unknown !== undefined) {
    throw new Error(`${title}: there is no lane '${unknown}', but ${[...known].join(', ')}`)
  }
  const times = [...spans.flatMap(({ from, to }) => [from, to]), ...events.map(({ at }) => at)]
  if (times.length === 0 || !times.every(Number.isFinite)) {
    throw new Error(`${title}: every time must be a number, and there must be one`)
  }
  const reversed = spans.find(({ from, to }) => to < from)
  if (reversed) throw new Error(`${title}: '${reversed.label}' ends before it begins`)
  return sequence
}
