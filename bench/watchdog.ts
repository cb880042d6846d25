// What the watchdog costs a clean shutdown, and how soon a blocked process is gone:
// npm run bench:watchdog [-- --node <path of a Node binary>…]
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { heldAgainst, median, printTable, range } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 20)
const BLOCKED_RUNS = Math.ceil(RUNS / 2)
/** How long the clean shutdowns take, in milliseconds. */
const LENGTHS = [0, 10, 30, 100, 1000]
const BLOCKS = [
  'a loop in a hook',
  'a loop in a callback',
  'microtasks without end',
  'a regular expression',
  'a listener of exit',
]
const GRACE = 1000
const DEADLINE = 900

const SERVICE = fileURLToPath(new URL('watchdog-service.mjs', import.meta.url))
const SOURCE = readFileSync(SERVICE, 'utf8').split('\n')

const { values } = parseArgs({ options: { node: { type: 'string', multiple: true } } })
const nodes = values.node ?? [process.execPath]

interface Ended {
  /** From the signal to the exit, in milliseconds. */
  readonly elapsed: number
  /** From the listener of the signal to the first hook. */
  readonly begun: number
  readonly how: string
  readonly stderr: string
}

async function stop(node: string, options: object): Promise<Ended> {
  const child = spawn(node, [SERVICE, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const lines: string[] = []
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  await once(output, 'line')
  const began = performance.now()
  const exited = once(child, 'exit').then((how) => ({ how, elapsed: performance.now() - began }))
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), GRACE * 3)
  const { how, elapsed } = await exited
  clearTimeout(killer)
  await closed
  return { elapsed, begun: Number(lines[1]), how: how[1] ?? `code ${how[0]}`, stderr }
}

/** With and without, alternately: other load on the machine then affects both. */
async function costOf(node: string, takes: number): Promise<string[]> {
  const ways = { with: [] as Ended[], without: [] as Ended[] }
  for (let run = 0; run < RUNS; run++) {
    const first = run % 2 === 0
    for (const watchdog of [first, !first]) {
      const ended = await stop(node, { watchdog, takes })
      if (ended.how !== 'code 0') throw new Error(`${ended.how}: ${ended.stderr}`)
      ways[watchdog ? 'with' : 'without'].push(ended)
    }
  }
  const times = (one: Ended[], what: 'begun' | 'elapsed') => one.map((ended) => ended[what])
  const over = (what: 'begun' | 'elapsed') =>
    median(ways.with.map((ended, run) => ended[what] - (ways.without[run]?.[what] ?? Number.NaN)))
  return [
    `${takes} ms`,
    heldAgainst(over('begun'), 5, 'ms'),
    range(times(ways.without, 'elapsed'), 'ms', 1),
    range(times(ways.with, 'elapsed'), 'ms', 1),
    `${over('elapsed').toFixed(1)} ms`,
  ]
}

async function blockedBy(node: string, blocked: string): Promise<string[]> {
  const late: number[] = []
  let named = 0
  const line = SOURCE.findIndex((text) => text.split('// here: ')[1]?.includes(blocked)) + 1
  for (let run = 0; run < BLOCKED_RUNS; run++) {
    const { elapsed, how, stderr } = await stop(node, { grace: GRACE, blocked })
    if (how !== 'SIGKILL') throw new Error(`${blocked}: ${how}: ${stderr}`)
    late.push(elapsed - DEADLINE)
    if (new RegExp(`blocked by .*watchdog-service\\.mjs:${line}:`).test(stderr)) named++
  }
  return [
    blocked,
    range(late, 'ms', 1),
    heldAgainst(median(late), 100, 'ms'),
    `${named} of ${BLOCKED_RUNS}`,
  ]
}

for (const node of nodes) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const costs: string[][] = []
  for (const takes of LENGTHS) costs.push(await costOf(node, takes))
  printTable(
    `The watchdog of Node ${version}: what it costs a clean shutdown, ${RUNS} alternating pairs, median (least to most)`,
    ['the shutdown takes', 'main thread, over', 'to the exit, without', 'with', 'over'],
    costs,
  )
  const ends: string[][] = []
  for (const blocked of BLOCKS) ends.push(await blockedBy(node, blocked))
  printTable(
    `The watchdog of Node ${version}: a blocked process is gone after its deadline, ${BLOCKED_RUNS} runs each, median (least to most)`,
    ['blocked by', 'gone after', 'figure', 'line named'],
    ends,
  )
}
