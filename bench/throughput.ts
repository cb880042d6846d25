// What the library costs before any shutdown: npm run bench:throughput
import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { type Service, startService } from './services.ts'
import { median, printTable, range } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 20)
const SECONDS = Number(process.env.SECONDS ?? 2)
/** Without them two processes of one program differ by more than what is measured. */
const SAME_LAYOUT = ['--hash-seed=1', '--random-seed=1']
const WAYS = ['nothing', 'lastcall'] as const

/** Requests a second by wrk where it is installed: autocannon is itself slower than a bare server. */
const generator = hasWrk() ? 'wrk' : 'autocannon'

async function requestsIn(service: Service, seconds: number): Promise<number> {
  const url = `http://127.0.0.1:${service.port}/`
  if (generator === 'autocannon') {
    const result = await autocannon({ url, connections: 50, duration: seconds })
    return result.requests.total
  }
  const { stdout } = await promisify(execFile)('wrk', ['-t1', '-c50', `-d${seconds}s`, url])
  return Number(/(\d+) requests in/.exec(stdout)?.[1])
}

/** Processor time of a process so far, in milliseconds. */
function cpuTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function hasWrk(): boolean {
  try {
    execFileSync('wrk', ['--version'], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

const rows: string[][] = []
for (const express of [true, false]) {
  // New processes for each pair: two of the same program differ by some 3 % for as long as they
  // live, by where their code and data happen to lie.
  const rates: number[][] = WAYS.map(() => [])
  const costs: number[][] = WAYS.map(() => [])
  for (let run = 0; run < RUNS; run++) {
    const order = run % 2 === 0 ? [0, 1] : [1, 0]
    for (const index of order) {
      const service = await startService({ way: WAYS[index] ?? 'nothing', express }, SAME_LAYOUT)
      const { pid } = service.child
      if (pid === undefined) throw new Error('the service has not started')
      await requestsIn(service, 1)
      const before = cpuTime(pid)
      const requests = await requestsIn(service, SECONDS)
      rates[index]?.push(requests / SECONDS)
      costs[index]?.push(((cpuTime(pid) - before) * 1000) / requests)
      await service.stop('SIGKILL', 1000)
    }
  }
  const name = express ? 'Express' : 'a bare handler'
  rows.push(
    [`${name}: requests/s`, ...inPairs(rates, '', 0)],
    [`${name}: processor time a request`, ...inPairs(costs, 'µs', 1)],
  )
}
printTable(
  `Requests a second before any shutdown, 50 connections, ${generator}, ${RUNS} pairs of ${SECONDS} s: median (least to most)`,
  ['', 'without', 'with lastcall', 'ratio pair by pair'],
  rows,
)

function inPairs([without = [], withIt = []]: number[][], unit: string, digits: number): string[] {
  const ratios = withIt.map((value, index) => value / (without[index] ?? Number.NaN))
  return [range(without, unit, digits), range(withIt, unit, digits), median(ratios).toFixed(3)]
}
