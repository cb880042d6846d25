// Requests lost when a cluster is stopped, and when its workers are replaced: npm run bench:cluster
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Clients } from './clients.ts'
import { printTable } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 5)
const CLIENTS = Number(process.env.CLIENTS ?? 25)
const WAYS = ['lastcall', 'disconnect'] as const
/** What takes longer is ended by SIGKILL, as a platform would. */
const PATIENCE = 5000

interface Result {
  readonly sent: number
  readonly lost: number
}

/** Clients of a cluster that is stopped or restarted under them; in a restart none may be refused either. */
async function run(
  signal: 'SIGTERM' | 'SIGHUP',
  options: { way: string; policy: string },
): Promise<Result> {
  const path = fileURLToPath(new URL('cluster-service.mjs', import.meta.url))
  const primary = spawn(process.execPath, [path, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: primary.stdout })
  const [line] = await once(lines, 'line')
  const loads = (JSON.parse(line) as number[]).map((port) => new Clients(port, CLIENTS, 10))
  await Promise.all(loads.map(({ settled }) => settled))
  await pause(200 + Math.random() * 100)
  const exited = once(primary, 'exit')
  const over = signal === 'SIGTERM' ? exited : once(lines, 'line')
  primary.kill(signal)
  await Promise.race([over, pause(PATIENCE)])
  // What was on its way at the end shows on the clients' side a moment later.
  await pause(100)
  for (const load of loads) load.stop()
  primary.kill('SIGTERM')
  await Promise.race([exited, pause(PATIENCE)])
  primary.kill('SIGKILL')
  await exited
  const sum = (of: 'sent' | 'lost' | 'refused') =>
    loads.reduce((total, { tally }) => total + tally[of], 0)
  return { sent: sum('sent'), lost: sum('lost') + (signal === 'SIGHUP' ? sum('refused') : 0) }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

const rows: string[][] = []
for (const [what, signal] of [
  ['stop', 'SIGTERM'],
  ['restart', 'SIGHUP'],
] as const) {
  for (const policy of ['SCHED_RR', 'SCHED_NONE']) {
    const results = WAYS.map((way) => ({ way, sent: 0, lost: 0 }))
    for (let n = 0; n < RUNS; n++) {
      for (const result of results) {
        const { sent, lost } = await run(signal, { way: result.way, policy })
        result.sent += sent
        result.lost += lost
      }
    }
    const cells = results.flatMap(({ sent, lost }) => [String(sent), String(lost)])
    rows.push([what, policy, String(RUNS), ...cells])
    process.stderr.write(`${rows.at(-1)?.join(' | ')}\n`)
  }
}
printTable(
  `Requests lost by a cluster of 2 workers, with ${CLIENTS} clients that keep their connection and ${CLIENTS} that come anew each time: sent, and never answered, in a restart also refused`,
  [
    'what',
    'scheduling',
    'runs',
    'lastcall: sent',
    'lastcall: lost',
    'cluster.disconnect(): sent',
    'cluster.disconnect(): lost',
  ],
  rows,
)
