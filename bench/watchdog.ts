// What the watchdog costs a clean shutdown and one that hangs, and how soon a blocked process is gone:
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
const HANGS = 'a hook that hangs'
/** The graces of shutdowns that hang until the deadline, in milliseconds. */
const HANGING_GRACES = [3000, 10_000]
const GRACE = 1000
const DEADLINE = 900
/** What the watchdog may cost the main thread, in milliseconds. */
const MOST_COST = 5

const SERVICE = fileURLToPath(new URL('watchdog-service.mjs', import.meta.url))
const SOURCE = readFileSync(SERVICE, 'utf8').split('\n')

const { values } = parseArgs({ options: { node: { type: 'string', multiple: true } } })
const nodes = values.node ?? [process.execPath]

interface Ended {
  /** From the signal to the exit, in milliseconds. */
  readonly elapsed: number
  /** From the listener of the signal to the first hook. */
  readonly begun: number
  /** How long the main thread ran on a processor, from there until a hook that hangs is cut off. */
  readonly hanging: number
  readonly how: string
  readonly stderr: string
}

async function stop(
  node: string,
  { grace = GRACE, ...options }: { grace?: number; [option: string]: unknown },
): Promise<Ended> {
  const child = spawn(node, [SERVICE, JSON.stringify({ grace, ...options })], {
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
  const killer = setTimeout(() => child.kill('SIGKILL'), grace * 3)
  const { how, elapsed } = await exited
  clearTimeout(killer)
  await closed
  const [, begun, hanging] = lines.map(Number)
  return {
    elapsed,
    begun: begun ?? Number.NaN,
    hanging: hanging ?? Number.NaN,
    how: how[1] ?? `code ${how[0]}`,
    stderr,
  }
}

type Figure = 'begun' | 'hanging' | 'elapsed'

interface Pairs {
  with(figure: Figure): string
  without(figure: Figure): string
  over(figure: Figure): number
}

/** With and without the watchdog, alternately: other load on the machine then affects both. */
async function pairsOf(node: string, code: number, options: object, runs: number): Promise<Pairs> {
  const ways = { with: [] as Ended[], without: [] as Ended[] }
  for (let run = 0; run < runs; run++) {
    const first = run % 2 === 0
    for (const watchdog of [first, !first]) {
      const ended = await stop(node, { watchdog, ...options })
      if (ended.how !== `code ${code}`) throw new Error(`${ended.how}: ${ended.stderr}`)
      ways[watchdog ? 'with' : 'without'].push(ended)
    }
  }
  const times = (ended: Ended[], figure: Figure) => ended.map((one) => one[figure])
  return {
    with: (figure) => range(times(ways.with, figure), 'ms', 1),
    without: (figure) => range(times(ways.without, figure), 'ms', 1),
    over: (figure) =>
      median(
        ways.with.map((one, run) => one[figure] - (ways.without[run]?.[figure] ?? Number.NaN)),
      ),
  }
}

async function costOf(node: string, takes: number): Promise<string[]> {
  const pairs = await pairsOf(node, 0, { takes, grace: 10_000 }, RUNS)
  return [
    `${takes} ms`,
    heldAgainst(pairs.over('begun'), MOST_COST, 'ms'),
    pairs.without('elapsed'),
    pairs.with('elapsed'),
    `${pairs.over('elapsed').toFixed(1)} ms`,
  ]
}

async function hangingCostOf(node: string, grace: number): Promise<string[]> {
  const pairs = await pairsOf(node, 124, { grace, blocked: HANGS }, BLOCKED_RUNS)
  return [
    `${grace} ms`,
    pairs.without('hanging'),
    pairs.with('hanging'),
    heldAgainst(pairs.over('hanging'), MOST_COST, 'ms'),
    `${pairs.over('elapsed').toFixed(1)} ms`,
  ]
}

async function blockedBy(node: string, blocked: string): Promise<string[]> {
  const late: number[] = []
  let named = 0
  const line = SOURCE.findIndex((text) => text.split('// here: ')[1]?.includes(blocked)) + 1
  for (let run = 0; run < BLOCKED_RUNS; run++) {
    const { elapsed, how, stderr } = await stop(node, { blocked })
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
  if (process.platform === 'linux') {
    const hanging: string[][] = []
    for (const grace of HANGING_GRACES) hanging.push(await hangingCostOf(node, grace))
    printTable(
      `The watchdog of Node ${version}: what it costs a shutdown that hangs until its deadline, ${BLOCKED_RUNS} alternating pairs, median (least to most)`,
      ['grace', 'main thread, without', 'with', 'over', 'to the exit, over'],
      hanging,
    )
  }
  const ends: string[][] = []
  for (const blocked of BLOCKS) ends.push(await blockedBy(node, blocked))
  printTable(
    `The watchdog of Node ${version}: a blocked process is gone after its deadline, ${BLOCKED_RUNS} runs each, median (least to most)`,
    ['blocked by', 'gone after', 'figure', 'line named'],
    ends,
  )
}
