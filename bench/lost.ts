// Requests lost when SIGTERM comes while clients go on sending: npm run bench:lost
import { Agent, get } from 'node:http'
import { Clients } from './clients.ts'
import { type ServiceOptions, startService } from './services.ts'
import { printTable, range } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 10)
const CLIENTS = [50, 200, 1000]
const HANDLERS = [0, 10]
const WAYS: (ServiceOptions & { label: string })[] = [
  { way: 'close', label: 'server.close() + closeIdleConnections()' },
  { way: 'lastcall', lameDuck: 0, label: 'lastcall, no lame duck' },
  { way: 'lastcall', lameDuck: 300, label: 'lastcall, lame duck of 300 ms' },
]

const rows: string[][] = []
for (const handler of HANDLERS) {
  for (const clients of CLIENTS) {
    for (const { label, ...options } of WAYS) {
      const lost: number[] = []
      const exits: number[] = []
      let answered = 0
      const codes = new Set<string>()
      const why = new Map<string, number>()
      for (let run = 0; run < RUNS; run++) {
        const service = await startService({ ...options, handler })
        const load = new Clients(service.port, clients, 10)
        await load.settled
        await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 100))
        const result = await service.stop('SIGTERM', 3000)
        // What was on its way when the service left shows on the clients' side a moment later.
        await new Promise((resolve) => setTimeout(resolve, 100))
        load.stop()
        lost.push(load.tally.lost)
        exits.push(result.elapsed)
        answered += load.tally.answered
        codes.add(result.how)
        for (const [reason, count] of load.why) why.set(reason, (why.get(reason) ?? 0) + count)
      }
      const total = lost.reduce((sum, one) => sum + one, 0)
      rows.push([
        `${handler} ms`,
        String(clients),
        label,
        `${total}`,
        [...why].map(([reason, count]) => `${reason} ${count}`).join(', '),
        String(answered),
        range(exits, 'ms'),
        [...codes].join(', '),
      ])
      process.stderr.write(`${rows.at(-1)?.join(' | ')}\n`)
    }
  }
}
printTable(
  `Requests lost in ${RUNS} runs each: sent, and never answered`,
  ['handler', 'clients', 'way', 'lost', 'how', 'answered', 'signal to exit', 'ended'],
  rows,
)

/** A pool of kept connections like a proxy's: it uses fewer than it has. */
const POOL = 200
const EVERY = 40

/** Stops a service whose pool is used at random moments, and says what came of the requests. */
async function stopBeforePool(options: ServiceOptions) {
  const service = await startService({ ...options, handler: 5, idle: true })
  const agent = new Agent({ keepAlive: true, maxFreeSockets: POOL })
  const tally = { answered: 0, unavailable: 0, refused: 0, lost: 0 }
  const ask = (path: string) =>
    new Promise<void>((resolve) => {
      const request = get({ port: service.port, host: '127.0.0.1', path, agent }, (response) => {
        tally[response.statusCode === 200 ? 'answered' : 'unavailable']++
        response.resume().on('close', resolve)
      })
      request.on('error', ({ code }: NodeJS.ErrnoException) => {
        tally[code === 'ECONNREFUSED' ? 'refused' : 'lost']++
        resolve()
      })
    })
  await Promise.all(Array.from({ length: POOL }, () => ask('/slow')))
  let goesOn = true
  const load = (async () => {
    while (goesOn) {
      void ask('/')
      await new Promise((resolve) => setTimeout(resolve, -Math.log(1 - Math.random()) * EVERY))
    }
  })()
  await new Promise((resolve) => setTimeout(resolve, 500))
  const { elapsed, how } = await service.stop('SIGTERM', 12_000)
  goesOn = false
  await load
  agent.destroy()
  return { ...tally, elapsed, how }
}

const poolWays = WAYS.filter(({ lameDuck = 0 }) => lameDuck === 0)
const stops = poolWays.map((): Awaited<ReturnType<typeof stopBeforePool>>[] => [])
for (let run = 0; run < RUNS; run++) {
  for (const [index, { label, ...options }] of poolWays.entries()) {
    const stop = await stopBeforePool(options)
    stops[index]?.push(stop)
    process.stderr.write(`pool, ${label}: ${JSON.stringify(stop)}\n`)
  }
}
const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0)
printTable(
  `A pool of ${POOL} kept connections, used every ${EVERY} ms on average, in ${RUNS} runs each`,
  ['way', 'lost', '503', 'answered', 'signal to exit', 'ended'],
  poolWays.map(({ label }, index) => {
    const runs = stops[index] ?? []
    return [
      label,
      String(sum(runs.map(({ lost }) => lost))),
      String(sum(runs.map(({ unavailable }) => unavailable))),
      String(sum(runs.map(({ answered }) => answered))),
      range(
        runs.map(({ elapsed }) => elapsed),
        'ms',
      ),
      [...new Set(runs.map(({ how }) => how))].join(', '),
    ]
  }),
)
