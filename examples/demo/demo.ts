// What happens to 200 clients when `docker stop` stops 01-express.ts, and when it stops server.close().
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Load, type Tally } from './load.ts'

const CONNECTIONS = 200
const LOAD = 2000
const GRACE = 10_000

const colors = process.stdout.isTTY && process.stdout.hasColors()

interface Result extends Tally {
  readonly name: string
  /** How many of the lost were still waiting when SIGKILL came. */
  readonly lostByKill: number
  readonly signalToExit: number
  readonly code: number | null
  readonly stderr: string
}

console.log(
  `${CONNECTIONS} keep-alive connections, SIGTERM after ${LOAD / 1000} s, SIGKILL ${GRACE / 1000} s later, as \`docker stop\` does it\n`,
)
const lastcall = await run('lastcall', '../01-express.ts')
console.log(`\n${indent(tint(lastcall.stderr.trim()))}\n`)
const bare = await run('server.close()', 'bare.ts')
console.log(`\n${table([lastcall, bare])}`)
console.log('\nserver.close() asked no client to leave, so it served on until it was killed.')

process.exitCode = lastcall.lost === 0 && lastcall.code === 0 ? 0 : 1

async function run(name: string, file: string): Promise<Result> {
  const say = (what: string) => console.log(`${paint('bold', name.padEnd(14))}  ${what}`)
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', path], {
    env: { ...process.env, PORT: '0', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const killChild = () => void child.kill('SIGKILL')
  process.once('exit', killChild)
  const stderr = text(child.stderr)
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>

  const lines = createInterface({ input: child.stdout })
  const [line] = (await Promise.race([once(lines, 'line'), exited])) as unknown[]
  const url = /http:\S+/.exec(String(line))?.[0]
  if (!url) throw new Error(`${file} did not start:\n${await stderr}`)

  say(`process ${child.pid} listens; ${LOAD / 1000} s of load`)
  const load = new Load(`${url}/orders/42`, CONNECTIONS)
  await sleep(LOAD)

  say(`SIGTERM, with ${format(load.tally.served)} requests served and ${load.tally.lost} lost`)
  const signalled = performance.now()
  child.kill('SIGTERM')
  let lostBeforeKill: number | undefined
  const grace = setTimeout(() => {
    lostBeforeKill = load.tally.lost
    say(`${GRACE / 1000} s later it still serves clients that were not asked to leave: SIGKILL`)
    child.kill('SIGKILL')
  }, GRACE)
  const [code, signal] = await exited
  const signalToExit = performance.now() - signalled
  clearTimeout(grace)
  process.off('exit', killChild)
  say(`${signal ? `killed (${signal})` : `exit code ${code}`} after ${milliseconds(signalToExit)}`)

  // Every connection of a process that is gone is closed, and new connections are refused.
  await load.over
  const { lost } = load.tally
  return {
    name,
    ...load.tally,
    lostByKill: lost - (lostBeforeKill ?? lost),
    signalToExit,
    code,
    stderr: await stderr,
  }
}

function table(results: readonly Result[]): string {
  const rows: [label: string, cell: (result: Result) => string][] = [
    ['', ({ name }) => name],
    ['requests served', ({ served }) => format(served)],
    ['requests lost', ({ lost }) => format(lost)],
    ['  of them by SIGKILL', ({ lostByKill }) => format(lostByKill)],
    ['refused afterwards', ({ refused }) => format(refused)],
    ['signal to exit', ({ signalToExit }) => milliseconds(signalToExit)],
    ['exit code', ({ code }) => (code === null ? 'killed' : String(code))],
  ]
  return rows
    .map(([label, cell]) => {
      const cells = results.map((result) => {
        const shown = cell(result).padStart(16)
        if (label === '') return paint('bold', shown)
        if (label === 'requests lost') return paint(result.lost === 0 ? 'green' : 'red', shown)
        return label === 'exit code' && result.code !== 0 ? paint('red', shown) : shown
      })
      return `${label.padEnd(20)}${cells.join('')}`
    })
    .join('\n')
}

function format(count: number): string {
  return count.toLocaleString('en')
}

function milliseconds(elapsed: number): string {
  return `${format(Math.round(elapsed))} ms`
}

function indent(lines: string): string {
  return lines.replace(/^/gm, '  ')
}

/** The example's stderr is a pipe, so it has drawn its timeline without colours. */
function tint(timeline: string): string {
  return timeline.replace(/[█▏]+/g, (bar) => paint('green', bar))
}

function paint(color: 'bold' | 'green' | 'red', shown: string): string {
  const codes = { bold: 1, green: 32, red: 31 }
  return colors ? `\u001b[${codes[color]}m${shown}\u001b[0m` : shown
}
