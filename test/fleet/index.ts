// A fleet behind a load balancer, restarted under load: npm run fleet
//
//   npm run fleet -- --rounds 1          every instance replaced once, and not ten times
//   npm run fleet -- --only HAProxy      some of it: lastcall, server.close(), HAProxy, nginx, faults
//   npm run fleet -- --write             the tables into docs/how-to/rolling-restarts.md
import { createShutdown } from 'lastcall'
import { writePicture, writeTables } from './document.ts'
import { FAULTS, type Fault } from './faults.ts'
import type { Fleet, FleetOptions } from './fleet.ts'
import { optionsOf } from './options.ts'
import { failedThroughBalancer, type Outcome, problemsOf, problemsOfFault } from './outcome.ts'
import { missingPrograms } from './programs.ts'
import { restartInTurn, underLoad } from './rolling.ts'
import { roundsOf, sequenceOf, typicalOf } from './sequence.ts'
import { faultTable, rollingTable } from './tables.ts'

const { rounds, only, write } = readOptions()
const missing = missingPrograms()
if (missing.length > 0) {
  console.error(`This needs ${missing.join(', ')}: apt-get install ${missing.join(' ')}`)
  process.exit(1)
}

const RUNS: readonly FleetOptions[] = [
  { way: 'lastcall', balancer: 'HAProxy' },
  { way: 'lastcall', balancer: 'nginx' },
  { way: 'server.close()', balancer: 'HAProxy' },
  { way: 'server.close()', balancer: 'nginx' },
]
const isWanted = (...names: string[]) => only === undefined || names.includes(only)
const problems: string[] = []

console.log(
  `Three instances with Express and three with Fastify; PostgreSQL, Redis, etcd; Node ${process.version}`,
)
const shutdown = createShutdown({ grace: '10s' })
shutdown.listen()

const outcomes: Outcome[] = []
for (const run of RUNS.filter(({ way, balancer }) => isWanted(way, balancer))) {
  const restart = (fleet: Fleet) => restartInTurn(fleet, rounds, tellProgress(run, fleet))
  const outcome = await underLoad(run, restart, shutdown)
  tellFailures(outcome)
  outcomes.push(outcome)
  problems.push(...problemsOf(outcome))
}
if (outcomes.length > 0) console.log(`\n${rollingTable(outcomes)}\n`)

const faults: (readonly [Fault, Outcome])[] = []
for (const fault of FAULTS.filter(() => isWanted('faults'))) {
  const outcome = await underLoad(
    { way: 'lastcall', balancer: 'HAProxy', ...fault },
    fault.happen,
    shutdown,
  )
  say(`${fault.name}: ${failedThroughBalancer(outcome)} requests failed`)
  tellFailures(outcome)
  faults.push([fault, outcome])
  problems.push(...problemsOfFault(fault, outcome))
}
if (faults.length > 0) console.log(`\n${faultTable(faults)}\n`)

if (write && problems.length === 0) {
  writeTables(rollingTable(outcomes), faultTable(faults))
  const [lastcall, , bare] = outcomes
  if (!lastcall || !bare) throw new Error('unreachable')
  writePicture('replacement', sequenceOf(typicalOf(lastcall.replacements)))
  const first = (outcome: Outcome) => ({
    ...outcome,
    replacements: outcome.replacements.slice(0, 6),
  })
  writePicture(
    'rolling-restart',
    roundsOf({ lastcall: first(lastcall), 'server.close()': first(bare) }),
  )
}
for (const problem of problems) say(`\n${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0

function readOptions() {
  try {
    return optionsOf(process.argv.slice(2))
  } catch (error) {
    say((error as Error).message)
    process.exit(2)
  }
}

function tellProgress({ way, balancer }: FleetOptions, { instances, load }: Fleet) {
  return (done: number, all: number) => {
    if (done % instances.length > 0) return
    const { failures, requests } = load.throughBalancer
    const failed = `${failures.length} of ${requests} checked requests failed`
    say(`${way}, ${balancer}: ${done} of ${all} replaced, ${failed}`)
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** The first of them: the others are of the same kind, most often. */
function tellFailures({ throughBalancer, throughEtcd, complaints }: Outcome): void {
  for (const { what } of throughBalancer.failures.slice(0, 5)) say(`  ${what}`)
  for (const line of complaints.slice(0, 3)) say(`  ${line}`)
  for (const { what } of throughEtcd.failures.slice(0, 2)) say(`  by etcd: ${what}`)
}
