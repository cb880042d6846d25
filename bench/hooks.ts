// The coordinator's own time per hook: npm run bench:hooks
import { createShutdown } from 'lastcall'
import { median, printTable } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 10)
const COUNTS = [1000, 10_000, 100_000]

/** Microseconds a hook: to add it, and to run it, where the hook itself does nothing. */
async function timeOf(count: number): Promise<{ add: number; run: number }> {
  const shutdown = createShutdown({ grace: '60s', exit: false, log: { level: 'error' } })
  const began = performance.now()
  for (let n = 0; n < count; n++) {
    shutdown.add({ name: `hook ${n}`, phase: 'drain', run: () => Promise.resolve() })
  }
  const added = performance.now()
  const report = await shutdown.now()
  const over = performance.now()
  if (report.outcome !== 'clean') throw new Error(`the shutdown ended ${report.outcome}`)
  return { add: ((added - began) * 1000) / count, run: ((over - added) * 1000) / count }
}

for (let warm = 0; warm < 3; warm++) await timeOf(1000)
const rows: string[][] = []
for (const count of COUNTS) {
  const times: { add: number; run: number }[] = []
  for (let run = 0; run < RUNS; run++) times.push(await timeOf(count))
  const add = median(times.map((time) => time.add))
  const run = median(times.map((time) => time.run))
  rows.push([
    String(count),
    `${add.toFixed(2)} µs`,
    `${run.toFixed(2)} µs`,
    `${(((add + run) * count) / 1000).toFixed(1)} ms`,
  ])
}
printTable(
  `Hooks in one phase that do nothing, median of ${RUNS} runs`,
  ['hooks', 'to add one', 'to run one', 'all of them'],
  rows,
)
