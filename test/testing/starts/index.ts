// Tests that start real programs and are killed at a random moment: npm run test:starts [-- --starts 1000]
//
//   --starts N   how many (1000)
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
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    dist: { type: 'string', default: fileURLToPath(new URL('../../../dist', import.meta.url)) },
  },
})

/** Each test process has it in its environment, and so has everything that it starts. */
const MARK = `LASTCALL_STARTS=${randomUUID()}`

const NODE = [process.execPath, '-e', "console.log('ready'); setInterval(() => {}, 1000)"]
const SHELL = 'echo ready; sleep 1000 & wait'

/** How a program is started and stopped. `script` of util-linux provides the terminal of Ctrl-C. */
const KINDS = [
  ['stopLikeDocker', NODE],
  ['stopLikeDocker', SHELL],
  ['stopLikeKubernetes', SHELL],
  ['stopLikePm2', NODE],
  ['stopLikeSystemd', SHELL],
  ['stopLikeCtrlC', SHELL],
] as const

type Kind = (typeof KINDS)[number]

/** A test that says `go` when it starts its program, and `ready` when that is ready. It never ends. */
function testProgram([call, command]: Kind): string {
  const kit = pathToFileURL(`${values.dist}/testing/index.js`).href
  return `
    import { writeSync } from 'node:fs'
    const { ${call} } = await import(${JSON.stringify(kit)})
    writeSync(1, 'go\\n')
    await ${call}(${JSON.stringify(command)}, {
      ready: 'ready',
      onReady() { writeSync(1, 'ready\\n'); return new Promise(() => {}) },
    })`
}

/**
 * Runs one test and kills it so long after it has said `go`; never, if the time is undefined: then when its
 * program is ready. Resolves with the milliseconds from `go` to the kill.
 */
function killed(kind: Kind, after?: number): Promise<number> {
  const [name = '', value] = MARK.split('=')
  const child = spawn(process.execPath, ['--input-type=module', '-e', testProgram(kind)], {
    env: { ...process.env, [name]: value },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    let began = 0
    let said = ''
    const kill = () => child.kill('SIGKILL')
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
      if (began === 0 && said.startsWith('go')) {
        began = performance.now()
        if (after !== undefined) setTimeout(kill, after)
      }
      if (after === undefined && said.includes('ready')) kill()
    })
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') return resolve(performance.now() - began)
      reject(new Error(`The test ended by itself, with ${code ?? signal}: ${kind.join(' ')}`))
    })
  })
}

/** What has the mark and runs, with its command. */
function leftBehind(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(MARK)) return []
        return [
          `${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()}`,
        ]
      } catch {
        return [] // It has ended, or is not ours.
      }
    })
}

async function nothingLeft(milliseconds: number): Promise<string[]> {
  const until = performance.now() + milliseconds
  for (;;) {
    const found = leftBehind()
    if (found.length === 0 || performance.now() > until) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

if (process.platform !== 'linux') {
  console.log('Only Linux has /proc, in which this test finds what is left behind.')
  process.exit(process.env.CI ? 1 : 0)
}

const random = randomFrom(Number(values.seed))
const total = Number(values.starts)
console.log(
  `${total} tests that start a program and are killed, seed ${values.seed}, Node ${process.version}`,
)

// How long it takes from the start of a program until it is ready.
const times: number[] = []
for (const kind of KINDS) times.push(await killed(kind))
const longest = KINDS.map((kind, index) => `${kind[0]} ${Math.round(times[index] ?? 0)} ms`)
console.log(`until ready: ${longest.join(', ')}`)

let begun = 0
let done = 0
const began = performance.now()
async function lane(): Promise<void> {
  while (begun < total) {
    const index = begun++ % KINDS.length
    const kind = KINDS[index] as Kind
    // A tenth of them just after the call; the others at any time until the program is ready, and a little later.
    const window = (times[index] ?? 0) * 1.5
    await killed(kind, random() < 0.1 ? 0 : random() * window)
    if (++done % 100 === 0) {
      const seconds = ((performance.now() - began) / 1000).toFixed(0)
      console.log(`${done} of ${total} after ${seconds} s`)
    }
  }
}
await Promise.all(Array.from({ length: 6 }, lane))

// The guards are processes, too: on a busy machine they need a moment.
const left = await nothingLeft(10_000)
console.log(
  left.length === 0 ? 'nothing is left behind' : `${left.length} processes are left behind:`,
)
for (const one of left.slice(0, 20)) console.log(`  ${one}`)
for (const one of left) process.kill(Number.parseInt(one, 10), 'SIGKILL')
process.exitCode = left.length === 0 ? 0 : 1
