// Requests and streams lost when SIGTERM comes while clients go on sending.
import { Clients } from '../clients.ts'
import { range } from '../table.ts'
import { Http2Clients } from './http2-clients.ts'
import { CONTESTANTS } from './names.ts'
import type { Options } from './options.ts'
import { counted, type Progress, type Table } from './part.ts'
import { type Exit, limitOf, type Protocol, startService } from './processes.ts'
import { inRounds, type Results, rowOf, tallied } from './rounds.ts'
import { within } from './within.ts'

const PROTOCOLS: Readonly<Record<Protocol, string>> = {
  http: 'HTTP/1.1',
  https: 'HTTPS',
  h2c: 'HTTP/2, clear text',
  h2: 'HTTP/2 over TLS',
}

const HANDLER = 10
const THINK = 10
const CLIENTS = 50
const SESSIONS = 20
const STREAMS = 10
/** After so many runs that came to the limit, a contestant has shown that it doesn't leave. */
const ENOUGH = 2

/** What happened to one load. */
export interface Loss extends Exit {
  readonly lost: number
  /** What was lost by half of the grace: the rest is lost because it was cut off. */
  readonly lostEarly: number
  /** Streams that were not processed, and known not to be: safe to retry. */
  readonly refused: number
  readonly answered: number
}

export type LossOf = Readonly<Record<Protocol, Results<Loss>[]>>

export const estimateLost = ({ runs, grace }: Options): number => {
  const comesToTheLimit = 18
  const rest = Object.keys(PROTOCOLS).length * CONTESTANTS.length - comesToTheLimit
  return (Math.min(runs, ENOUGH) * comesToTheLimit * grace) / 1000 + runs * rest
}

export async function measureLost(options: Options, progress: Progress): Promise<LossOf> {
  const { runs, grace } = options
  const names = Object.keys(PROTOCOLS) as Protocol[]
  const all: Partial<Record<Protocol, Results<Loss>[]>> = {}
  for (const [index, protocol] of names.entries()) {
    all[protocol] = await inRounds({
      contestants: CONTESTANTS,
      runs,
      progress,
      what: PROTOCOLS[protocol],
      from: index / names.length,
      to: (index + 1) / names.length,
      enough: (losses) => losses.filter(({ cutOff }) => cutOff).length >= ENOUGH,
      measure: (contestant) => lose(contestant, protocol, grace),
    })
  }
  return all as LossOf
}

async function lose(contestant: string, protocol: Protocol, grace: number): Promise<Loss> {
  const service = await startService({ contestant, protocol, handler: HANDLER, grace })
  const load = startLoad(protocol, service.port)
  try {
    await within(5000, load.settled, 'its clients were not answered')
    // Into the traffic, not always at the same point of it.
    await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 100))
    let lostEarly: number | undefined
    const half = setTimeout(() => {
      lostEarly = load.tally.lost
    }, grace / 2)
    const exit = await service.stop()
    clearTimeout(half)
    await within(5000, load.over, 'its clients did not come to an end')
    const { lost, answered } = load.tally
    const refused = load instanceof Http2Clients ? load.tally.refused : 0
    return { ...exit, lost, lostEarly: lostEarly ?? lost, refused, answered }
  } finally {
    load.stop()
    service.kill()
  }
}

function startLoad(protocol: Protocol, port: number): Clients | Http2Clients {
  if (protocol === 'http' || protocol === 'https') {
    return new Clients(port, CLIENTS, THINK, protocol === 'https')
  }
  return new Http2Clients(port, protocol === 'h2', SESSIONS, STREAMS, THINK)
}

export function lostTables(all: LossOf, { runs, grace }: Options): Table[] {
  return (Object.keys(PROTOCOLS) as Protocol[]).map((protocol) => {
    const isHttp2 = protocol === 'h2c' || protocol === 'h2'
    const who = isHttp2
      ? `${SESSIONS} sessions with ${STREAMS} streams each`
      : `${CLIENTS} keep-alive clients`
    return {
      title: `Lost at SIGTERM: ${PROTOCOLS[protocol]}`,
      head: [
        'contestant',
        'lost a run',
        'of them before it was cut off',
        ...(isHttp2 ? ['refused, safe to retry'] : []),
        'answered',
        'signal to exit',
        'ended',
        'runs',
      ],
      rows: all[protocol].map((one) => rowOf(one, (losses) => cellsOf(losses, isHttp2))),
      notes: [
        `${who} that go on, ${THINK} ms think time at most, a handler of ${HANDLER} ms, ${counted(runs, 'round')}: median (least to most). Lost: sent, and not answered in full. The clients stop when they are refused; a service that goes on serving them is cut off, by its own limit at ${limitOf(grace) / 1000} s or by SIGKILL at ${grace / 1000} s, and is not run again after ${ENOUGH} such runs.`,
      ],
    }
  })
}

function cellsOf(losses: readonly Loss[], isHttp2: boolean): string[] {
  const column = (key: 'lost' | 'lostEarly' | 'refused' | 'answered') =>
    range(
      losses.map((loss) => loss[key]),
      '',
    )
  return [
    column('lost'),
    losses.some(({ cutOff }) => cutOff) ? column('lostEarly') : '–',
    ...(isHttp2 ? [column('refused')] : []),
    column('answered'),
    range(
      losses.map(({ elapsed }) => elapsed),
      'ms',
    ),
    tallied(losses.map(({ how }) => how)),
    String(losses.length),
  ]
}
