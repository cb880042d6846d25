// 300 real processes that acknowledge writes and are hit at random moments: npm run test:storm
//
//   SEED=7 npm run test:storm           the same plan again; the times are real, and differ
//   SEED=7 ONLY=42 npm run test:storm   one process of it
//   COUNT=600 AT_ONCE=4 …               another number, of which so many run at once
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KINDS } from './kinds.ts'
import { planOf, planWithout } from './plan.ts'
import { runProcess, StartTimes } from './run-process.ts'
import type { Scenario } from './scenario.ts'
import { accountOf, type Judged, judged, summaryOf } from './summary.ts'

const { SEED, ONLY, COUNT = 300, AT_ONCE = 8 } = process.env
const seed = Number(SEED ?? Math.floor(Math.random() * 1_000_000))
/** What people write by hand, for comparison: if these lose nothing, the storm blows nothing away. */
const WITHOUT = ['server.close(), then the flush', 'the flush beside server.close()']
const PROCESSES_WITHOUT = 48
const ACCOUNTS = 5

const folder = mkdtempSync(join(tmpdir(), 'lastcall-storm-'))
const starts = new StartTimes()

async function storm(plan: readonly Scenario[]): Promise<Judged[]> {
  const began = performance.now()
  const waiting = plan.filter(({ isAlone }) => !isAlone)
  const alone = plan.filter(({ isAlone }) => isAlone)
  const done: Judged[] = []
  const tellProgress = () => {
    const lost = done.reduce((sum, { verdict }) => sum + verdict.lost.length, 0)
    const wrong = done.filter(({ verdict }) => verdict.hasWrongCode).length
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    console.log(
      `${String(done.length).padStart(4)} of ${plan.length} after ${seconds} s: ${lost} writes lost, ${wrong} wrong codes`,
    )
  }
  const lane = async (queue: Scenario[]) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      done.push(judged(await runProcess(next, folder, starts)))
      if (done.length % 25 === 0 || done.length === plan.length) tellProgress()
    }
  }
  await Promise.all(Array.from({ length: Number(AT_ONCE) }, () => lane(waiting)))
  await lane(alone)
  return done
}

console.log(`The storm of seed ${seed}, Node ${process.version}`)
const all = planOf(seed, Number(COUNT))
const withLibrary = await storm(ONLY ? all.filter(({ number }) => number === Number(ONLY)) : all)
console.log(
  `\n${summaryOf(
    withLibrary,
    KINDS.map(({ name }) => name),
  )}`,
)
console.log(
  '\nForfeited: acknowledged by a process that a second SIGINT has forced out before its flush had ended.\n',
)

const bad = withLibrary.filter(({ verdict }) => verdict.problems.length > 0)
for (const one of bad.slice(0, ACCOUNTS)) console.log(`${accountOf(one, seed)}\n`)
if (ONLY) for (const one of withLibrary) console.log(accountOf(one, seed))

let isProof = true
if (!ONLY) {
  console.log('Without the library, one signal each:')
  const plan = WITHOUT.flatMap((way) => planWithout(way, seed, PROCESSES_WITHOUT))
  const without = await storm(plan.map((one, index) => ({ ...one, number: index + 1 })))
  console.log(`\n${summaryOf(without, WITHOUT)}\n`)
  isProof = without.some(({ verdict }) => verdict.lost.length > 0)
  if (!isProof) console.log('These have lost nothing either: this storm proves nothing.')
}
rmSync(folder, { recursive: true })

console.log(
  bad.length === 0
    ? `Not one acknowledged write is missing, and every code is one that the table allows.`
    : `${bad.length} of ${withLibrary.length} processes did not end as they should (SEED=${seed}).`,
)
process.exitCode = bad.length === 0 && isProof ? 0 : 1
