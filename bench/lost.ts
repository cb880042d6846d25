// Requests lost when SIGTERM comes while clients go on sending: npm run bench:lost
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
