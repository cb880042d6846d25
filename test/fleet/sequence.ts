import type { Happening, Sequence, Span } from '../../examples/sequences/sequence.ts'
import type { Tally } from './clients/tally.ts'
import { leaving } from './outcome.ts'
import type { Replacement } from './replacement.ts'

/** A hook of the library, as it stands in its log. */
interface LoggedHook {
  readonly hook: string
  readonly phase: string
  /** Milliseconds from the start of the run. */
  readonly began: number
  readonly duration: number
}

const ABOUT = `Recorded by npm run fleet with Node ${process.versions.node}, under load`
/** How much is shown of what was before, in milliseconds. */
const BEFORE = 200

/** The one whose leaving took as long as half of them did, and no longer. */
export function typicalOf(replacements: readonly Replacement[]): Replacement {
  const inOrder = [...replacements].sort((one, other) => leaving(one.life) - leaving(other.life))
  const typical = inOrder[Math.floor(inOrder.length / 2)]
  if (!typical) throw new Error('nobody was replaced')
  return typical
}

/** What happened to one instance, and who was told of it. */
export function sequenceOf(replacement: Replacement): Sequence {
  const { name, life, droppedAt, unregisteredAt, takenAt, listensAt, startedAt } = replacement
  const zero = life.signalledAt
  const at = (time: number | undefined) => round((time ?? Number.NaN) - zero)
  const { begins, hooks } = logged(life.log, life.signalledDate)
  const of = (hook: string) => {
    const found = hooks.find((one) => one.hook === hook)
    if (!found) throw new Error(`${name} has no hook '${hook}' in its log: ${life.log}`)
    return {
      ...found,
      from: round(begins + found.began),
      to: round(begins + found.began + found.duration),
    }
  }
  const [announce, etcd, unbind, http, events, postgres] = [
    'http:announce',
    'etcd',
    'http:unbind',
    'http',
    'events',
    'postgres',
  ].map(of)
  if (!announce || !etcd || !unbind || !http || !events || !postgres) throw new Error('unreachable')
  const happenings: Happening[] = [
    { at: 0, lane: 'docker', to: name, label: 'SIGTERM' },
    {
      at: announce.to,
      lane: name,
      to: 'HAProxy',
      label: '/readyz says 503 from now on',
      tone: 'warn',
    },
    { at: etcd.from, lane: name, to: 'etcd', label: 'Revokes its lease' },
    {
      at: at(unregisteredAt),
      lane: 'etcd',
      to: 'clients',
      label: 'It is gone: those that watch choose others',
      tone: 'good',
    },
    {
      at: at(droppedAt),
      lane: 'HAProxy',
      label: 'Has been told 503 three times, and sends it nothing more',
      tone: 'good',
    },
    {
      at: unbind.to,
      lane: name,
      label: 'Stops listening, answers what is in flight, and tells each connection to close',
    },
    { at: http.to, lane: name, label: 'The last connection is closed' },
    { at: events.from, lane: name, to: 'Redis', label: 'Sends the last events' },
    { at: postgres.to, lane: name, label: 'Has let go of Redis and PostgreSQL' },
    {
      at: at(life.endedAt),
      lane: name,
      to: 'docker',
      label: `Exit code ${life.code}`,
      tone: 'good',
    },
    { at: at(startedAt), lane: 'docker', to: name, label: 'The next one is started' },
    { at: at(listensAt), lane: name, to: 'etcd', label: 'Listens, and registers itself' },
    {
      at: at(takenAt),
      lane: 'HAProxy',
      to: name,
      label: 'Has seen 200 twice, and sends requests',
      tone: 'good',
    },
  ]
  const end = at(takenAt) + BEFORE
  const spans: Span[] = [
    { lane: name, from: -BEFORE, to: announce.to, state: 'up', label: 'serves' },
    {
      lane: name,
      from: announce.to,
      to: unbind.to,
      state: 'leaving',
      label: 'says 503, serves on',
    },
    {
      lane: name,
      from: unbind.to,
      to: at(life.endedAt),
      state: 'ending',
      label: 'drains and cleans up',
    },
    { lane: name, from: at(startedAt), to: at(listensAt), state: 'idle', label: 'starts' },
    { lane: name, from: at(listensAt), to: end, state: 'up', label: 'serves' },
    { lane: 'HAProxy', from: -BEFORE, to: at(droppedAt), state: 'up', label: 'sends it requests' },
    { lane: 'HAProxy', from: at(takenAt), to: end, state: 'up', label: 'sends it requests' },
  ]
  return {
    title: 'One instance of six is replaced',
    about: `${ABOUT}: HAProxy asks /readyz every 200 ms.`,
    lanes: [
      { id: 'docker', name: 'docker', isStandIn: true },
      ...['HAProxy', 'etcd', name, 'Redis'].map((id) => ({ id, name: id })),
      { id: 'clients', name: 'clients of etcd' },
    ],
    spans,
    events: happenings.sort((one, other) => one.at - other.at),
  }
}

/** Every instance of a fleet is replaced once, and what those see meanwhile who compare each answer. */
export interface Round {
  readonly replacements: readonly Replacement[]
  readonly throughBalancer: Tally
  readonly throughEtcd: Tally
}

/** The same fleet, ended in several ways: by name, one below the other. */
export function roundsOf(rounds: Readonly<Record<string, Round>>): Sequence {
  const groups = Object.entries(rounds).map(([group, round]) => laneGroupOf(group, round))
  return {
    title: 'Six instances, replaced one after another',
    about: `${ABOUT}, behind HAProxy: one round with lastcall, and one with server.close().`,
    lanes: groups.flatMap(({ lanes }) => lanes),
    spans: groups.flatMap(({ spans }) => spans),
    events: [],
  }
}

/** Failures that come closer than this, in milliseconds, are one sign: more can't be told apart. */
const TOGETHER = 150

function laneGroupOf(group: string, { replacements, throughBalancer, throughEtcd }: Round) {
  const [first] = replacements
  if (!first) throw new Error(`${group}: nobody was replaced`)
  const zero = first.life.signalledAt
  const at = (time: number) => round(time - zero)
  const end = at(Math.max(...replacements.map(({ takenAt }) => takenAt)))
  const spans: Span[] = []
  const lane = (name: string, ...own: Omit<Span, 'lane'>[]) => {
    const id = `${group}/${name}`
    spans.push(...own.map((span) => ({ lane: id, ...span })))
    return { id, name, group }
  }
  const lanes = replacements.map(({ name, life, startedAt, takenAt }) =>
    lane(
      name,
      { from: -BEFORE, to: at(life.signalledAt), state: 'up', label: 'serves' },
      { from: at(life.signalledAt), to: at(life.endedAt), state: 'leaving', label: 'leaves' },
      {
        from: at(startedAt),
        to: at(takenAt),
        state: 'idle',
        label: 'starts, until it is sent requests',
      },
      { from: at(takenAt), to: end, state: 'up', label: 'serves' },
    ),
  )
  const seen = (name: string, { failures }: Tally) => {
    const signs: { from: number; to: number }[] = []
    for (const time of failures.map((failure) => at(failure.at))) {
      const last = signs.at(-1)
      if (time < 0 || time > end) continue
      if (last && time - last.to < TOGETHER) last.to = time + TOGETHER / 2
      else signs.push({ from: time - TOGETHER / 2, to: time + TOGETHER / 2 })
    }
    const bad = signs.map(
      (sign) => ({ ...sign, state: 'bad', label: 'get no answer, or a wrong one' }) as const,
    )
    return lane(name, { from: -BEFORE, to: end, state: 'up', label: 'are answered' }, ...bad)
  }
  lanes.push(seen('clients of HAProxy', throughBalancer), seen('clients of etcd', throughEtcd))
  return { lanes, spans }
}

/** The hooks of a run, and when it began, in milliseconds from the signal. */
function logged(log: string, signalledDate: number): { begins: number; hooks: LoggedHook[] } {
  const lines = log.split('\n').filter((line) => line.startsWith('{'))
  const entries = lines.map((line) => JSON.parse(line))
  const start = entries.find(({ event }) => event === 'start')
  const hooks = entries.filter(({ event }) => event === 'hook:end')
  return { begins: Date.parse(start?.time) - signalledDate, hooks }
}

function round(time: number): number {
  return Math.round(time * 10) / 10
}
