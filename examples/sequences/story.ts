import type { Request } from './crowd.ts'
import type { Entry } from './diary.ts'
import type { Happening, Span } from './sequence.ts'

/** A part of a sequence, in the times of the recorder's clock. */
export interface Story {
  readonly spans: readonly Span[]
  readonly events: readonly Happening[]
}

/** The stories of one run on one scale, which begins with zero at this moment; fractions tell an order, and no more. */
export function merge(zero: number, stories: readonly Story[]): Story {
  const at = (time: number) => Math.round((time - zero) * 10) / 10
  return {
    spans: stories
      .flatMap(({ spans }) => spans)
      .map((span) => ({ ...span, from: at(span.from), to: at(span.to) })),
    events: stories
      .flatMap(({ events }) => events)
      .map((event) => ({ ...event, at: at(event.at) }))
      .sort((one, other) => one.at - other.at),
  }
}

/** What one process of the shop went through; `ended` is when it was gone, by what its platform says. */
export function storyOfShop(
  lane: string,
  entries: readonly Entry[],
  { from, ended, isBrief = false }: { from: number; ended: number; isBrief?: boolean },
): Story {
  const of = (type: Entry['type']) => entries.find((entry) => entry.type === type)
  const [start, deaf] = [of('start'), of('deaf')]
  if (!start) return { spans: [{ lane, from, to: ended, ...SERVES }], events: [] }
  const until = deaf?.at ?? ended
  // server.close() has none, and its service says nothing.
  const hasHooks = of('hook') !== undefined
  const spans: Span[] = [
    { lane, from, to: start.at, ...SERVES },
    ...(hasHooks
      ? [
          {
            lane,
            from: start.at,
            to: until,
            state: 'leaving' as const,
            label: 'says 503, serves on',
          },
        ]
      : []),
    { lane, from: until, to: ended, state: 'ending', label: 'drains and cleans up' },
  ]
  const granted = start.grace === undefined ? '' : `, with a grace of ${start.grace / 1000} s`
  const events: Happening[] = [
    ...(hasHooks
      ? [{ at: start.at, lane, label: `The shutdown begins${granted}: /readyz says 503` }]
      : []),
    ...(deaf ? [{ at: deaf.at, lane, label: deafLabel(entries) }] : []),
    ...entries
      .filter(
        ({ type, name = '' }) =>
          type === 'hook' && (isBrief ? name === 'http' : !TOLD_OTHERWISE.has(name)),
      )
      .map((entry) => ({ at: entry.at, lane, ...hookTold(entry) })),
  ]
  return { spans, events }
}

/** What these hooks do is told by other events: readiness, and the end of listening. */
const TOLD_OTHERWISE = new Set(['http:announce', 'http:unbind'])

const SERVES = { state: 'up', label: 'serves' } as const

function deafLabel(entries: readonly Entry[]): string {
  const notes = entries.flatMap((entry) => entry.notes ?? [])
  const why = notes.find((note) => note.startsWith('lame duck'))
  return why ? `It stops listening, after a ${why}` : 'It stops listening'
}

function hookTold({ name = '', status, notes = [] }: Entry): Pick<Happening, 'label' | 'tone'> {
  const rest = notes.filter((note) => !note.startsWith('lame duck'))
  const ended = status === 'done' ? `Hook ${name} is done` : `Hook ${name} is ${status}`
  const label = [ended, ...rest].join('; ')
  return status === 'done' ? { label } : { label, tone: 'warn' }
}

/** What the clients saw. Retries after a refusal are not listed one by one. */
export function storyOfClients(
  lane: string,
  shop: string | ((request: Request) => string),
  requests: readonly Request[],
  { since }: { since: number },
): Story {
  const shopOf = typeof shop === 'string' ? () => shop : shop
  const clients = requests.filter(({ kind, ended }) => kind !== 'prober' && ended >= since)
  const answered = clients.filter(({ outcome }) => outcome === 200)
  const lost = clients.filter(({ outcome }) => outcome === 'lost')
  const refused = clients.filter(({ outcome }) => outcome === 'refused')
  const notified = requests.find(({ kind, outcome }) => kind === 'prober' && outcome === 503)
  const slow = clients.find(({ kind }) => kind === 'slow')
  const events: Happening[] = []
  if (notified) {
    const label = 'The prober gets its first 503'
    events.push({ at: notified.ended, lane: shopOf(notified), to: lane, label, tone: 'warn' })
  }
  if (slow && slow.outcome === 200) {
    const label = 'The request that takes long is answered'
    events.push({ at: slow.ended, lane: shopOf(slow), to: lane, label, tone: 'good' })
  }
  if (lost[0]) {
    const label = `${lost.length} ${lost.length === 1 ? 'request is' : 'requests are'} cut off, without an answer`
    events.push({ at: lost[0].ended, lane: shopOf(lost[0]), to: lane, label, tone: 'bad' })
  }
  const spans = stretches(clients.filter(({ kind }) => kind === 'client')).map(
    ({ from, to, isServed }): Span => ({
      lane,
      from,
      to,
      ...(isServed
        ? { state: 'up' as const, label: 'are answered' }
        : { state: 'idle' as const, label: 'are refused' }),
    }),
  )
  const first = refused[0]
  if (first) {
    const again = answered.find(({ began }) => began > first.ended)
    const label = 'Who comes from now on is refused'
    events.push({ at: first.ended, lane, to: shopOf(first), label, tone: 'warn' })
    if (again) {
      events.push({
        at: again.ended,
        lane: shopOf(again),
        to: lane,
        label: 'The first answer after that',
        tone: 'good',
      })
    }
  }
  const last = clients.reduce((latest, { ended }) => Math.max(latest, ended), since)
  // The number of retries after a refusal means nothing.
  const refusals = refused.length === 0 ? ', none refused' : '; the others were refused'
  events.push({
    at: last,
    lane,
    label: `In all ${answered.length} requests were answered, ${lost.length} lost${refusals}`,
    tone: lost.length > 0 ? 'bad' : refused.length > 0 ? 'warn' : 'good',
  })
  return { spans, events }
}

/** When they were answered, and when they were refused. */
function stretches(requests: readonly Request[]) {
  const sorted = [...requests].sort((one, other) => one.ended - other.ended)
  const found: { from: number; to: number; isServed: boolean }[] = []
  for (const { began, ended, outcome } of sorted) {
    const isServed = outcome === 200
    const last = found.at(-1)
    // The instance was there before a client was refused.
    if (last && !last.isServed && isServed && began < last.from) continue
    if (!last) found.push({ from: ended, to: ended, isServed })
    else if (last.isServed === isServed) last.to = ended
    else found.push({ from: isServed ? last.to : ended, to: ended, isServed })
  }
  return found
}
