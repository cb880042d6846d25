// Starts a service, has clients place orders, and stops it as `docker stop` does.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Load } from './load.ts'
import { colors, count, say } from './text.ts'

export const CLIENTS = 200
export const LOAD = 2000
export const GRACE = 10_000

export interface Result {
  readonly name: string
  /** Requests that were sent on an established connection. */
  readonly sent: number
  /** Those of them that were not answered in full. */
  readonly lostRequests: number
  /** Orders that were confirmed to the client, each of which is an event. */
  readonly confirmed: number
  /** Those of them whose event never arrived. */
  readonly lostEvents: number
  readonly signalToExit: number
  /** `null`: killed. */
  readonly code: number | null
  readonly stderr: string
}

export async function stopUnderLoad(name: string, file: string): Promise<Result> {
  const child = start(file)
  const killChild = () => void child.kill('SIGKILL')
  process.once('exit', killChild)
  const stderr = text(child.stderr as NodeJS.ReadableStream)
  const exited = once(child, 'exit') as Promise<[number | null]>
  const closed = once(child, 'close')
  const [port] = (await Promise.race([once(child, 'message'), exited])) as [unknown]
  if (child.exitCode !== null) throw new Error(`${file} did not start:\n${await stderr}`)

  const arrived = new Set<string>()
  child.on('message', (events: string[]) => {
    for (const order of events) arrived.add(`/orders/${order}`)
  })
  const load = new Load(`http://127.0.0.1:${port}/orders`, CLIENTS)
  await load.settled
  await sleep(LOAD)

  const before = load.tally.orders.size
  say(`${count(before)} orders confirmed, ${load.tally.lost} lost. Now SIGTERM.`)
  const signalled = performance.now()
  child.kill('SIGTERM')
  const code = await waitForExit(child, exited)
  const signalToExit = performance.now() - signalled
  process.off('exit', killChild)
  // Every connection of a process that is gone is closed, and new connections are refused.
  await Promise.all([load.over, closed])

  const { orders, lost } = load.tally
  return {
    name,
    sent: orders.size + lost,
    lostRequests: lost,
    confirmed: orders.size,
    lostEvents: [...orders].filter((order) => !arrived.has(order)).length,
    signalToExit,
    code,
    stderr: (await stderr).trim(),
  }
}

function start(file: string): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  return spawn(process.execPath, ['--import', 'tsx', path], {
    // Its stderr is a pipe, whose colours are those of the terminal here.
    env: { ...process.env, NODE_ENV: 'production', FORCE_COLOR: colors ? '1' : '0' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

/** Counts the seconds of the grace, and sends SIGKILL at its end. */
async function waitForExit(child: ChildProcess, exited: Promise<[number | null]>) {
  let waited = 0
  const tick = setInterval(() => {
    waited += 1000
    process.stdout.write(waited === 1000 ? '  still running after 1 s' : ` ${waited / 1000} s`)
    if (waited === GRACE) child.kill('SIGKILL')
  }, 1000)
  const [code] = await exited
  clearInterval(tick)
  if (waited > 0) process.stdout.write('\n')
  return code
}
