// Thousands of idle connections, closed beside server.closeAllConnections(): npm run bench:idle
import { once } from 'node:events'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { openCrowd } from './crowds.ts'
import { startService } from './services.ts'
import { median, printTable, range } from './table.ts'

const COUNTS = [1000, 10_000]
const WAYS = ['closeAll', 'lastcall'] as const
/** Longer than twice the linger, which is 250 ms by default: a connection is idle then, and not only silent. */
const QUIET = 1000
const MOST_RATIO = 1.2
const MOST_BLOCKED = 50

interface Closing {
  /** From the signal to the last connection closed, in milliseconds. */
  readonly closed: number
  /** The longest that the event loop was blocked in that time, in milliseconds. */
  readonly blocked: number
}

async function close(way: (typeof WAYS)[number], count: number): Promise<Closing> {
  const service = await startService({ way, idle: true })
  const crowd = await openCrowd(service.port, count)
  await new Promise((resolve) => setTimeout(resolve, QUIET))
  const said = once(service.lines, 'line')
  const began = process.hrtime.bigint()
  const [closedAt, [blocked]] = await Promise.all([
    crowd.allClosed(),
    said,
    service.stop('SIGTERM', 10_000),
  ])
  crowd.leave()
  return { closed: Number(closedAt - began) / 1e6, blocked: Number(blocked) }
}

export const IDLE_HEAD = [
  'idle connections',
  'closeAllConnections(): last one closed',
  'lastcall: last one closed',
  'ratio pair by pair',
  'closeAllConnections(): loop blocked',
  'lastcall: loop blocked',
]

/** A row for each number of connections. */
export async function measureIdle(runs: number, tell: (what: string) => void): Promise<string[][]> {
  const rows: string[][] = []
  for (const count of COUNTS) {
    const closings: Closing[][] = WAYS.map(() => [])
    for (let run = 0; run < runs; run++) {
      for (const index of run % 2 === 0 ? [0, 1] : [1, 0]) {
        tell(`${count} connections, round ${run + 1} of ${runs}`)
        closings[index]?.push(await close(WAYS[index] ?? 'lastcall', count))
      }
    }
    const [all = [], lastcall = []] = closings
    const ratio = median(lastcall.map(({ closed }, n) => closed / (all[n]?.closed ?? Number.NaN)))
    const blocked = lastcall.map((closing) => closing.blocked)
    rows.push([
      String(count),
      rangeOf(all.map(({ closed }) => closed)),
      rangeOf(lastcall.map(({ closed }) => closed)),
      `${ratio.toFixed(2)}, ${against(ratio, MOST_RATIO)}`,
      rangeOf(all.map((closing) => closing.blocked)),
      `${rangeOf(blocked)}, ${against(median(blocked), MOST_BLOCKED)}`,
    ])
  }
  return rows
}

const rangeOf = (values: readonly number[]) => range(values, 'ms')
const against = (value: number, most: number) => `${value <= most ? 'within' : 'OVER'} ${most}`

if (argv[1] === fileURLToPath(import.meta.url)) {
  const runs = Number(process.env.RUNS ?? 10)
  const rows = await measureIdle(runs, (what) => process.stderr.write(`${what}\n`))
  printTable(
    `Idle connections closed after SIGTERM, ${runs} pairs: median (least to most)`,
    IDLE_HEAD,
    rows,
  )
}
