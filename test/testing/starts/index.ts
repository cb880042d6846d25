// Tests that start real programs and are killed at a random moment: npm run test:starts [-- --starts 1000]
//
//   --starts N   how many (1000)
//   --beside N   how many at the same time (4)
//   --seed N     the same moments again; the times are real, and differ
//   --dist DIR   another build to try
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { randomFrom } from '../../support/hooks/random.ts'

const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '1000' },
    beside: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    dist: { type: 'string', default: fileURLToPath(new URL('../../../dist', import.meta.url)) },
  },
})

/** A shell that goes on when no process reads its output any more. */
const shell = (script: string) => `trap '' PIPE; echo ready; ${script}`

/** Programs that end only when they are killed. */
const PROGRAMS = {
  'a program': ['sh', '-c', shell('exec sleep 1000')],
  'a shell with a child': shell('sleep 1000; true'),
  'a Node program': [
    process.execPath,
    '-e',
    `process.stdout.on('error', () => {})
     process.on('SIGTERM', () => {})
     setInterval(() => {}, 1000)
     console.log('ready')`,
  ],
  'a program with a child in another session': shell('setsid sleep 1000 & sleep 1000; true'),
  'a program with a daemon': shell('setsid sh -c "setsid sleep 1000 &"; sleep 1000; true'),
  'a program that starts others all the time': shell(
    'while :; do setsid sleep 1000 & sleep 0.01; done',
  ),
}

/** `script` of util-linux provides the terminal of Ctrl-C. */
const CALLS = [
  'stopLikeDocker',
  'stopLikeKubernetes',
  'stopLikePm2',
  'stopLikeSystemd',
  'stopLikeCtrlC',
]

const KINDS = Object.entries(PROGRAMS).flatMap(([name, program]) =>
  CALLS.map((call) => ({ call, program, what: `${call}, ${name}` })),
)

type Kind = (typeof KINDS)[number]

/** Each test process has it in its environment, with another value, and so has everything that it starts. */
const VARIABLE = 'LASTCALL_STARTS'

/** How long the processes of a killed test may take to end, in milliseconds. */
const PATIENCE = 10_000

/** Half of the moments are so soon after the call, in milliseconds: the programs are just being started. */
const SOON = 20

/** The processes with this value, with their commands. */
function processesOf(mark: string): [pid: number, command: string][] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): [number, string][] => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
        if (!variables.includes(`${VARIABLE}=${mark}`)) return []
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        return [[Number(pid), command]]
      } catch {
        return [] // It has ended.
      }
    })
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Kills all processes with this value, also those that they start meanwhile. */
async function kill(mark: string): Promise<void> {
  for (let rest = processesOf(mark); rest.length > 0; rest = processesOf(mark)) {
    for (const [pid] of rest) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    await pause(10)
  }
}

const random = randomFrom(Number(values.seed))
const total = Number(values.starts)

/** The longest time from the call until the program was ready, by kind, in milliseconds. */
const longest = new Map<Kind, number>()
let readyBefore = 0
const left: string[] = []

async function start(kind: Kind): Promise<void> {
  const part = random()
  const soon = random() < 0.5 ? part * SOON : undefined
  const mark = randomUUID()
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('test-process.mjs', import.meta.url)),
      pathToFileURL(`${values.dist}/testing/index.js`).href,
      kind.call,
      JSON.stringify(kind.program),
      String(soon ?? ''),
    ],
    { env: { ...process.env, [VARIABLE]: mark }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let calledAt = 0
  let moment = soon ?? 0
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
    if (calledAt === 0) {
      calledAt = performance.now()
      if (soon === undefined) {
        moment = part * 1.3 * (longest.get(kind) ?? 400)
        setTimeout(() => child.kill('SIGKILL'), moment)
      }
    }
    if (said.endsWith('ready\n')) {
      longest.set(kind, Math.max(longest.get(kind) ?? 0, performance.now() - calledAt))
    }
  })
  const signal = await new Promise((resolve) => child.once('close', (_, ended) => resolve(ended)))
  if (signal !== 'SIGKILL') throw new Error(`The test ended by itself: ${kind.what}, ${said}`)
  if (said.endsWith('ready\n')) readyBefore++

  const until = performance.now() + PATIENCE
  for (let wait = 10; processesOf(mark).length > 0; wait = Math.min(wait * 2, 200)) {
    if (performance.now() > until) {
      const commands = processesOf(mark).map(([, command]) => command)
      const some = commands.slice(0, 3).join('; ')
      left.push(
        `${kind.what}, killed after ${moment.toFixed(1)} ms: ${commands.length} left, such as ${some}`,
      )
      await kill(mark)
    }
    await pause(wait)
  }
}

if (process.platform !== 'linux') {
  console.log('Only Linux has /proc, in which this test finds what is left behind.')
  process.exit(process.env.CI ? 1 : 0)
}

console.log(
  `${total} tests that start a program and are killed, seed ${values.seed}, Node ${process.version}`,
)
const began = performance.now()
const passed = () => `${((performance.now() - began) / 1000).toFixed(0)} s`
let begun = 0
let done = 0
async function lane(): Promise<void> {
  while (begun < total) {
    await start(KINDS[begun++ % KINDS.length] as Kind)
    if (++done % 100 === 0) console.log(`${done} after ${passed()}, ${left.length} with a rest`)
  }
}
await Promise.all(Array.from({ length: Number(values.beside) }, lane))

console.log(
  `${total} after ${passed()}: ${readyBefore} were killed when the program was ready, ${total - readyBefore} before`,
)
console.log(left.length === 0 ? 'nothing is left behind' : `${left.length} left something behind:`)
for (const one of left.slice(0, 20)) console.log(`  ${one}`)
process.exitCode = left.length === 0 ? 0 : 1
