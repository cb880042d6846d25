// What is left of starting and stopping, again and again, in one process:
// npm run bench:cycles [-- --cycles 1000] [--only <text>] [--node <path of a Node binary>…]
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median, printTable } from './table.ts'

const PROCESS = fileURLToPath(new URL('cycles-process.mjs', import.meta.url))

/** Those that start a process, or a thread, in each cycle. */
const SLOW = /cluster|child process/
const MOST_SLOW = 100

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true },
    cycles: { type: 'string', default: '100' },
    only: { type: 'string', default: '' },
  },
})
const nodes = values.node ?? [process.execPath]

interface Measured {
  readonly series: readonly { cycle: number; heap: number; rss: number }[]
  readonly left: readonly string[]
  readonly alive: number
  readonly watched: number
}

const VARIANTS = [
  ...readFileSync(PROCESS, 'utf8').matchAll(/^ {2}(?:async )?(?:'(.*)'|(\w+))\(\) \{$/gm),
]
  .map(([, quoted, plain]) => quoted ?? plain ?? '')
  .filter((what) => what.includes(values.only))

function performed(node: string, what: string, isWith: boolean): Measured {
  const cycles = SLOW.test(what)
    ? Math.min(MOST_SLOW, Number(values.cycles))
    : Number(values.cycles)
  const options = JSON.stringify({ what, with: isWith, cycles, samples: 30 })
  const { status, stdout, stderr } = spawnSync(node, ['--expose-gc', PROCESS, options], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`${what}: ${stderr.slice(-2000)}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

/** Bytes a cycle: the median slope between any two measurements of the second half (Theil and Sen's). */
function growth({ series }: Measured): number {
  const half = series.slice(series.length / 2)
  const slopes = half.flatMap((one, index) =>
    half.slice(index + 1).map((other) => (other.heap - one.heap) / (other.cycle - one.cycle)),
  )
  return median(slopes)
}

/** How far the heap is at the end from where it was after the warm-up, in KB. */
function since(measured: Measured): string {
  const [first, last] = [measured.series[0], measured.series.at(-1)]
  return `${(((last?.heap ?? 0) - (first?.heap ?? 0)) / 1024).toFixed(0)} KB`
}

function rss(measured: Measured): string {
  const last = measured.series.at(-1)
  return `${((last?.rss ?? 0) / 2 ** 20).toFixed(0)} MB`
}

for (const node of nodes) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const rows: string[][] = []
  for (const what of VARIANTS) {
    process.stderr.write(`${version}: ${what}\n`)
    const [measured, bare] = [performed(node, what, true), performed(node, what, false)]
    rows.push([
      what,
      String(measured.series.at(-1)?.cycle),
      since(measured),
      since(bare),
      growth(measured).toFixed(0),
      growth(bare).toFixed(0),
      `${rss(measured)}, ${rss(bare)}`,
      measured.left.join(', ') || 'nothing',
      `${measured.watched - measured.alive} of ${measured.watched}`,
    ])
  }
  printTable(
    `The same in one process again and again, with lastcall and without, Node ${version}, after 20 cycles that don't count`,
    [
      'a cycle',
      'cycles',
      'heap grown, with',
      'without',
      'bytes a cycle, with',
      'without',
      'RSS, with, without',
      'left: listeners, handles, warnings',
      'collected',
    ],
    rows,
  )
}
