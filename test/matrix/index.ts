// The built package on every runtime: npm run test:matrix [-- --write | --suite | --only <runtime> <feature>]
import { parseArgs } from 'node:util'
import { DOCUMENT, isWritten, sectionOf, tableOf, write } from './document.ts'
import { GROUPS } from './features/index.ts'
import { type Installed, install } from './install.ts'
import { Project } from './project.ts'
import { RUNTIMES } from './runtimes.ts'
import { suitePasses } from './suite.ts'
import { tryAll } from './try.ts'
import { problemsOf } from './verdict.ts'

const say = (line: string) => void process.stderr.write(`${line}\n`)
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: 'boolean', default: false },
    suite: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})

if (process.platform !== 'linux' || process.arch !== 'x64') {
  say('The runtimes are installed for Linux on x64 only: run this there, or in a container.')
  process.exit(process.env.CI ? 1 : 0)
}

const wanted = RUNTIMES.filter(({ name }) => {
  return values.only === undefined || name.toLowerCase() === values.only.toLowerCase()
})
const runtimes: Installed[] = []
const problems: string[] = []
for (const runtime of wanted) {
  try {
    runtimes.push(await install(runtime, say))
  } catch (error) {
    say(`${runtime.name} is left out: ${(error as Error).message}`)
    // Where somebody works without a network the others are still worth a look.
    if (process.env.CI) problems.push(`${runtime.name} could not be installed`)
  }
}

const groups = GROUPS.map(({ name, features }) => {
  const some = features.filter((feature) => feature.name.includes(positionals[0] ?? ''))
  return { name, features: some }
}).filter(({ features }) => features.length > 0)
const project = new Project()
const began = Date.now()
const features = groups.flatMap((group) => group.features)
const results = await tryAll({ runtimes, features, project, say })
project.remove()

const table = tableOf(runtimes, groups, results)
console.log(`\n${table}\n`)
say(`${results.length} trials in ${Math.round((Date.now() - began) / 1000)} s`)
problems.push(...problemsOf(results))

const isWhole = runtimes.length === RUNTIMES.length && positionals.length === 0
const section = sectionOf(table)
if (isWhole && values.write) write(section)
else if (isWhole && !isWritten(section)) {
  problems.push(
    `${DOCUMENT} says otherwise: npm run test:matrix -- --write, and look at what has changed`,
  )
}
if (values.suite) problems.push(...(await suitePasses(runtimes, say)))

for (const problem of problems) say(`\n${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0
