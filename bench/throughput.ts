// What the library costs before any shutdown: npm run bench:throughput
import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { type Service, startService } from './services.ts'
import { median, printTable, range } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 20)
const SECONDS = Number(process.env.SECONDS ?? 2)
const WAYS = ['nothing', 'lastcall'] as const

/** autocannon is itself slower than a bare server: it serves where wrk is not installed. */
const generator = isInstalled('wrk') ? 'wrk' : 'autocannon'
const SERVED = ['Express', 'a bare handler', 'HTTP/2'] as const

/** How many requests are answered in this time. */
async function requestsIn(service: Service, http2: boolean, seconds: number): Promise<number> {
  const url = `http://127.0.0.1:${service.port}/`
  const run = promisify(execFile)
  if (http2) {
    const { stdout } = await run('h2load', [`-D${seconds}`, '-c10', '-m10', url])
    return Number(/(\d+) succeeded/.exec(stdout)?.[1])
  }
  if (generator === 'wrk') {
    const { stdout } = await run('wrk', ['-t1', '-c50', `-d${seconds}s`, url])
    return Number(/(\d+) requests in/.exec(stdout)?.[1])
  }
  const result = await autocannon({ url, connections: 50, duration: seconds })
  return result.requests.total
}

/** Processor time of a process so far, in milliseconds. */
function cpuTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

const rows: string[][] = []
for (const serves of SERVED) {
  const http2 = serves === 'HTTP/2'
  if (http2 && !isInstalled('h2load')) {
    console.error("HTTP/2 is left out: h2load is in Debian's package nghttp2-client.")
    continue
  }
  // New processes for each pair: two of the same program differ by some 3 % for as long as they
  // live, by where their code and data happen to lie. With fixed seeds (--hash-seed, --random-seed)
  // each program would keep the place that it happens to have, and the difference would be taken
  // for a cost.
  const rates: number[][] = WAYS.map(() => [])
  const costs: number[][] = WAYS.map(() => [])
  for (let run = 0; run < RUNS; run++) {
    const order = run % 2 === 0 ? [0, 1] : [1, 0]
    for (const index of order) {
      const service = await startService({ way: WAYS[index] ?? 'nothing', serves })
      const { pid } = service.child
      if (pid === undefined) throw new Error('the service has not started')
      await requestsIn(service, http2, 1)
      const before = cpuTime(pid)
      const requests = await requestsIn(service, http2, SECONDS)
      rates[index]?.push(requests / SECONDS)
      costs[index]?.push(((cpuTime(pid) - before) * 1000) / requests)
      await service.stop('SIGKILL', 1000)
    }
  }
  rows.push(
    [`${serves}: requests/s`, ...inPairs(rates, '', 0)],
    [`${serves}: processor time a request`, ...inPairs(costs, 'µs', 1)],
  )
}
printTable(
  `Requests a second before any shutdown, 50 connections by ${generator}, HTTP/2 10 sessions of 10 streams by h2load, ${RUNS} pairs of ${SECONDS} s: median (least to most)`,
  ['', 'without', 'with lastcall', 'ratio pair by pair'],
  rows,
)

function inPairs([without = [], withIt = []]: number[][], unit: string, digits: number): string[] {
  const ratios = withIt.map((value, index) => value / (without[index] ?? Number.NaN))
  return [range(without, unit, digits), range(withIt, unit, digits), median(ratios).toFixed(3)]
}
