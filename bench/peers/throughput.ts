// What a contestant costs a request before any shutdown.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { median, range } from '../table.ts'
import { BARE, CONTESTANTS } from './names.ts'
import type { Options } from './options.ts'
import { counted, type Part, type Progress, type Table } from './part.ts'
import { startService } from './processes.ts'
import { inRounds, rowOf } from './rounds.ts'

const TITLE = 'Requests a second before any shutdown'
const run = promisify(execFile)

async function requestsIn(port: number, seconds: number): Promise<number> {
  const url = `http://127.0.0.1:${port}/`
  const { stdout } = await run('wrk', ['-t1', '-c50', `-d${seconds}s`, url])
  return Number(/(\d+) requests in/.exec(stdout)?.[1])
}

interface Cost {
  /** Requests a second. */
  readonly rate: number
  /** Processor time of the service for each request, in microseconds. */
  readonly time: number
}

async function costOf(contestant: string, { grace, seconds }: Options): Promise<Cost> {
  const service = await startService({ contestant, grace })
  const { pid = Number.NaN } = service.child
  try {
    await requestsIn(service.port, 1)
    const before = processorTime(pid)
    const requests = await requestsIn(service.port, seconds)
    return { rate: requests / seconds, time: (processorTime(pid) - before) / requests }
  } finally {
    service.kill()
  }
}

/** Of all threads of a process, in microseconds: what a busy machine disturbs least. Linux only. */
function processorTime(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [time] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    nanoseconds += Number(time)
  }
  return nanoseconds / 1000
}

export const throughput: Part = {
  name: 'throughput',
  estimate: ({ pairs, seconds }) => pairs * CONTESTANTS.length * (seconds + 1.4),
  async measure(options, progress) {
    try {
      await run('wrk', ['--version'])
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        const notes = ["Not measured: `wrk` isn't installed (Debian's package `wrk`)."]
        return [{ title: TITLE, head: [], rows: [], notes }]
      }
    }
    return [await compare(options, progress)]
  },
}

/** New processes each time: two of a program differ by some 3 % for as long as they live. */
async function compare(options: Options, progress: Progress): Promise<Table> {
  const all = await inRounds({
    contestants: CONTESTANTS,
    runs: options.pairs,
    progress,
    what: 'throughput',
    measure: (contestant) => costOf(contestant, options),
  })
  const bare = all.find(({ contestant }) => contestant === BARE)?.results ?? []
  return {
    title: TITLE,
    head: ['contestant', 'requests/s', 'ratio', 'processor time a request', 'ratio'],
    rows: all.map((one) =>
      rowOf(one, (costs) => {
        const ratio = (of: (cost: Cost) => number) =>
          median(costs.map((cost, index) => of(cost) / of(bare[index] as Cost))).toFixed(3)
        return [
          range(costs.map(rate), ''),
          ratio(rate),
          range(costs.map(time), 'µs', 1),
          ratio(time),
        ]
      }),
    ),
    notes: [
      `A bare handler, 50 connections, wrk for ${options.seconds} s after 1 s of warming up, ${counted(options.pairs, 'round')} with new processes each: median (least to most). \`server.close()\` does nothing before the signal: what its ratios are off 1 is the noise.`,
    ],
  }
}

const rate = (cost: Cost) => cost.rate
const time = (cost: Cost) => cost.time
