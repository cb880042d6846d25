// Instances that are stopped behind pools of kept connections: npm run bench:pools
//
//   npm run bench:pools -- --stops 10      so many stops of each kind of pool, and not 40
//   npm run bench:pools -- --quick         three of each
//   npm run bench:pools -- --only nginx    one kind: nginx, HAProxy, Agent or undici
//
// Its exit code is 1 where a request is lost or gets 503, an exit code is not 0, or a stop takes too long.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { startService } from '../services.ts'
import { printTable } from '../table.ts'
import { KINDS } from './kinds.ts'
import { RATE } from './load.ts'
import { cellsOf, HEAD, labelOf, lineOf, problemsOf } from './report.ts'
import { type Instance, KEEP_ALIVE, type PoolStop, stopBeforePool } from './stop.ts'

const GRACE = 10_000
const HANDLER = 5

const { stops, only } = readOptions()
// Debian has balancers where only root looks.
process.env.PATH += ':/usr/sbin'
const kinds = KINDS.filter(({ name }) => only === undefined || name === only)
const missing = kinds.flatMap(({ needs }) => needs ?? []).filter(({ program }) => !has(program))
if (missing.length > 0) {
  const packages = missing.map((needs) => needs.package).join(' ')
  say(`This needs ${packages}: apt-get install ${packages}. Or measure one kind, with --only.`)
  process.exit(1)
}

const results = kinds.map((kind) => ({ kind, done: [] as PoolStop[] }))
for (let round = 1; round <= stops; round++) {
  for (const { kind, done } of results) {
    const stop = await stopBeforePool(kind, start)
    done.push(stop)
    say(`${labelOf(kind)}, stop ${round} of ${stops}: ${lineOf(stop)}`)
  }
}

printTable(
  `Instances stopped behind pools of kept connections, used ${RATE} times a second at random, half of it POST, ${stops} stops of each kind`,
  HEAD,
  results.map(({ kind, done }) => cellsOf(kind, done)),
)
console.log(`
Lost: sent and reset, cut off, or answered by the balancer with 502 or 504. Agent is Node's, undici its Pool:
each has one instance, so what comes when that doesn't listen any more is refused, and nothing of it was sent.`)
const problems = results.flatMap(({ kind, done }) =>
  problemsOf(done).map((problem) => `${labelOf(kind)}: ${problem}`),
)
for (const problem of problems) say(problem)
process.exitCode = problems.length > 0 ? 1 : 0

async function start(port: number): Promise<Instance> {
  const service = await startService({
    way: 'lastcall',
    handler: HANDLER,
    keepAlive: KEEP_ALIVE,
    grace: GRACE,
    port,
  })
  return {
    stop: () => service.stop('SIGTERM', GRACE),
    kill: () => service.child.kill('SIGKILL'),
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      stops: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  })
  const stops = Number(values.stops ?? (values.quick ? 3 : 40))
  const names = [...new Set(KINDS.map(({ name }) => name))]
  if (!Number.isInteger(stops) || stops < 1) {
    throw new Error(`Expected --stops to be a whole number above 0, got '${values.stops}'`)
  }
  if (values.only !== undefined && !names.includes(values.only)) {
    throw new Error(`Expected --only to be one of ${names.join(', ')}, got '${values.only}'`)
  }
  return { stops, only: values.only }
}

function has(program: string): boolean {
  return spawnSync('which', [program]).status === 0
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
