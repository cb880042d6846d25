// The test kit in every runner: npm run test:runners [-- --write | --only <runner>]
import { parseArgs } from 'node:util'
import { type Installed, install } from '../matrix/install.ts'
import { Project } from '../matrix/project.ts'
import { RUNTIMES } from '../matrix/runtimes.ts'
import { EXPECTED } from './expected.ts'
import { GAPS } from './gaps.ts'
import { problemsOf } from './messages.ts'
import { DOCUMENT, isWritten, reachTable, write } from './reach.ts'
import { RUNNERS } from './runners.ts'
import { kitMessages, Trial, type Tried } from './try.ts'

const say = (line: string) => void process.stderr.write(`${line}\n`)
const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
})

if (process.platform !== 'linux' || process.arch !== 'x64') {
  say('The runtimes are installed for Linux on x64 only: run this there, or in a container.')
  process.exit(process.env.CI ? 1 : 0)
}

const AT_A_TIME = 2
const began = Date.now()
const problems: string[] = []
const project = new Project()
problems.push(...problemsOf(await kitMessages(project)))

const wanted = RUNNERS.filter(({ name }) => name.startsWith(values.only))
const runtimes = new Map<string, Installed>()
for (const runtime of RUNTIMES.filter(({ name }) => wanted.some((one) => one.runtime === name))) {
  try {
    runtimes.set(runtime.name, await install(runtime, say))
  } catch (error) {
    leftOut(runtime.name, error)
  }
}

const tried = new Map<string, Tried>()
const todo = wanted.values()
async function worker() {
  for (const runner of todo) {
    const runtime = runtimes.get(runner.runtime)
    if (!runtime) continue
    const trial = new Trial(runner, runtime, project)
    try {
      await trial.install()
    } catch (error) {
      leftOut(runner.name, error)
      continue
    }
    const result = await trial.run()
    tried.set(runner.name, result)
    problems.push(...result.problems)
    say(`${tried.size}/${wanted.length}  ${rowOf(runner.name, result)}`)
  }
}
await Promise.all(Array.from({ length: AT_A_TIME }, worker))
project.remove()

const rows = wanted.flatMap(({ name }) => {
  const result = tried.get(name)
  return result ? [rowOf(name, result)] : []
})
console.log(`\n${['', ...rows].join('\n')}\n`)
const table = reachTable(wanted, tried)
if ([...tried.values()].some(({ reach }) => reach)) console.log(`${table}\n`)
if (tried.size === RUNNERS.length) {
  if (values.write) write(table)
  else if (!isWritten(table)) {
    problems.push(
      `${DOCUMENT} says otherwise: npm run test:runners -- --write, and look at what has changed`,
    )
  }
}
for (const { runner, why, names } of GAPS.filter((gap) => tried.has(gap.runner))) {
  console.log(`${runner}: ${why} (${names.join(', ')})`)
}
for (const problem of problems) say(`\n${problem}`)
say(`\n${Object.keys(EXPECTED).length} messages, ${Math.round((Date.now() - began) / 1000)} s`)
process.exitCode = problems.length > 0 ? 1 : 0

function rowOf(name: string, { cases, messages, seconds, problems }: Tried): string {
  const verdict = problems.length === 0 ? 'pass' : 'FAIL'
  return `${name.padEnd(20)}  ${verdict}  ${cases} cases, ${messages} messages, ${seconds.toFixed(1)} s`
}

function leftOut(name: string, error: unknown) {
  say(`${name} is left out: ${(error as Error).message}`)
  // Without a network, the others are still worth a look.
  if (process.env.CI) problems.push(`${name} could not be installed`)
}
