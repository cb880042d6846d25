// How long a unit test of a shutdown of thirty seconds takes: npm run bench:testing
import { execFileSync } from 'node:child_process'
import { createTestShutdown, expectOrder } from 'lastcall/testing'
import { median, printTable } from './table.ts'

const PROCESSES = Number(process.env.RUNS ?? 20)
const TESTS = 1000

/** Four phases that take all of the thirty seconds: the first of them hangs. */
async function unitTest(): Promise<number> {
  const began = performance.now()
  const app = createTestShutdown({ grace: '30s' })
  app.shutdown.add([
    { name: 'http', phase: 'drain', run: () => new Promise(() => {}) },
    { name: 'jobs', phase: 'stop', run: () => app.sleep('1s') },
    { name: 'events', phase: 'flush', run: () => app.sleep('2s') },
    { name: 'postgres', phase: 'close', run: () => app.sleep('100ms') },
  ])
  app.shutdown.listen()
  await app.signal('SIGTERM')
  await app.advance('30s')
  expectOrder(app.report, ['http', 'jobs', 'events', 'postgres'])
  if (app.exitCode !== 124) throw new Error(`exited with ${app.exitCode}`)
  return performance.now() - began
}

if (process.argv.includes('--first')) {
  console.log(await unitTest())
} else {
  const node = [...process.execArgv, ...process.argv.slice(1), '--first']
  const first = Array.from({ length: PROCESSES }, () =>
    Number(execFileSync(process.execPath, node, { encoding: 'utf8' })),
  )
  const later: number[] = []
  for (let n = 0; n < TESTS; n++) later.push(await unitTest())
  const row = (what: string, times: number[]) => [
    what,
    `${median(times).toFixed(2)} ms`,
    `${Math.max(...times).toFixed(2)} ms`,
  ]
  printTable(
    'A unit test of a shutdown of 30 s (bar: 5 ms)',
    ['', 'median', 'longest'],
    [
      row(`the first one of a process, of ${PROCESSES}`, first),
      row(`all others, of ${TESTS}`, later.slice(1)),
    ],
  )
}
