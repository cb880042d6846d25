// What the library costs before any shutdown: npm run bench:throughput
import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { type Service, startService } from './services.ts'
import { median, printTable, range } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 10)
const SECONDS = Number(process.env.SECONDS ?? 4)
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

// Both live for the whole of it and take turns, so that the machine's moods meet both.
const services = await Promise.all(WAYS.map((way) => startService({ way })))
const rates: number[][] = WAYS.map(() => [])
const costs: number[][] = WAYS.map(() => [])
for (const service of services) await requestsIn(service, 2)
for (let run = 0; run < RUNS; run++) {
  const order = run % 2 === 0 ? [0, 1] : [1, 0]
  for (const index of order) {
    const service = services[index]
    const pid = service?.child.pid
    if (!service || pid === undefined) throw new Error('a service has not started')
    const before = cpuTime(pid)
    const requests = await requestsIn(service, SECONDS)
    rates[index]?.push(requests / SECONDS)
    costs[index]?.push(((cpuTime(pid) - before) * 1000) / requests)
  }
}
for (const service of services) await service.stop('SIGKILL', 1000)

const ratios = (of: number[][]) =>
  (of[1] ?? []).map((value, index) => value / (of[0]?.[index] ?? Number.NaN))
printTable(
  `Requests a second before any shutdown, 50 connections, ${generator}, ${RUNS} pairs of ${SECONDS} s: median (least to most)`,
  ['', 'without', 'with lastcall', 'ratio pair by pair', 'limit'],
  [
    [
      'requests/s',
      range(rates[0] ?? [], ''),
      range(rates[1] ?? [], ''),
      `${median(ratios(rates)).toFixed(3)}`,
      'at least 0.99',
    ],
    [
      'processor time a request',
      range(costs[0] ?? [], 'µs', 1),
      range(costs[1] ?? [], 'µs', 1),
      `${median(ratios(costs)).toFixed(3)}`,
      '–',
    ],
  ],
)
