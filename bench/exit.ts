// Signal to exit, beside the bare process, and the deadline: npm run bench:exit
import { once } from 'node:events'
import { get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Clients } from './clients.ts'
import { type Service, type ServiceOptions, startService } from './services.ts'
import { heldAgainst, median, printTable, range } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 10)
/** Longer than the linger, which is 250 ms by default. */
const QUIET = 400

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** How long it took from the signal to the exit, with a load on it. */
type Scenario = (options: ServiceOptions) => Promise<number>

const busy: Scenario = async (options) => {
  const service = await startService({ ...options, handler: 10 })
  const load = new Clients(service.port, 50, 0)
  await load.settled
  await sleep(200)
  const { elapsed } = await service.stop('SIGTERM', 3000)
  load.stop()
  return elapsed
}

const idle: Scenario = async (options) => {
  const service = await startService(options)
  const sockets = await Promise.all(Array.from({ length: 100 }, () => idleClient(service)))
  await sleep(QUIET)
  const { elapsed } = await service.stop('SIGTERM', 3000)
  for (const socket of sockets) socket.destroy()
  return elapsed
}

/** What the exit took beyond the request, which takes 1 s from when it was sent. */
const inFlight: Scenario = async (options) => {
  const service = await startService(options)
  let answeredAt = 0
  const request = get({ port: service.port, path: '/slow', host: '127.0.0.1' })
  const answered = once(request, 'response').then(async ([response]) => {
    response.resume()
    await once(response, 'end')
    answeredAt = performance.now()
  })
  await sleep(100)
  await service.stop('SIGTERM', 3000)
  const exitedAt = performance.now()
  await answered.catch(() => {})
  return exitedAt - answeredAt
}

/** What the exit took beyond the deadline, with a hook that never settles. */
const deadline: Scenario = async (options) => {
  const service = await startService({ ...options, hung: true, grace: 1000 })
  const { elapsed } = await service.stop('SIGTERM', 3000)
  return elapsed - 900
}

async function idleClient(service: Service): Promise<Socket> {
  const socket = connect(service.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  return socket
}

async function pairs(scenario: Scenario, ways: readonly ServiceOptions[]): Promise<number[][]> {
  const results: number[][] = ways.map(() => [])
  for (let run = 0; run < RUNS; run++) {
    for (const [index, way] of ways.entries()) results[index]?.push(await scenario(way))
  }
  return results
}

const bare: ServiceOptions = { way: 'exit' }
const lastcall: ServiceOptions = { way: 'lastcall' }
const rows: string[][] = []

const [busyTimes = []] = await pairs(busy, [lastcall])
rows.push([
  '50 clients that go on, handler of 10 ms',
  '–',
  range(busyTimes, 'ms', 1),
  heldAgainst(median(busyTimes), 30, 'ms'),
])

const [bareIdle = [], idleTimes = []] = await pairs(idle, [bare, lastcall])
const over = idleTimes.map((time, index) => time - (bareIdle[index] ?? 0))
rows.push([
  '100 idle connections, quiet for longer than the linger',
  range(bareIdle, 'ms', 1),
  range(idleTimes, 'ms', 1),
  `${heldAgainst(median(over), 25, 'ms')} over`,
])

const [slowTimes = []] = await pairs(inFlight, [lastcall])
rows.push([
  'one request of 1 s in flight, beyond its answer',
  '–',
  range(slowTimes, 'ms', 1),
  heldAgainst(median(slowTimes), 50, 'ms'),
])

const [deadlineTimes = []] = await pairs(deadline, [lastcall])
rows.push([
  'a hook that never settles, beyond the deadline',
  '–',
  range(deadlineTimes, 'ms', 1),
  heldAgainst(median(deadlineTimes), 50, 'ms'),
])

printTable(
  `Signal to exit, no lame duck, ${RUNS} runs each: median (least to most)`,
  ['what', 'process.exit() on SIGTERM', 'lastcall', 'figure'],
  rows,
)
