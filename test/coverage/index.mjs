// What the tests reach of src/, also in the processes that they start: npm run test:coverage
//
// vitest tells what is reached in its own processes. The programs that tests start run the built
// package: Node writes down what they reach, and source maps tell where that stands in src/.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mergeScriptCovs } from '@bcoe/v8-coverage'
import { parse } from 'acorn'
import { convert } from 'ast-v8-to-istanbul'
import coverageLibrary from 'istanbul-lib-coverage'
import reportLibrary from 'istanbul-lib-report'
import reports from 'istanbul-reports'

/** The part of the branches that is to be reached. */
const LEAST = 95

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SRC = join(ROOT, 'src/')
const DIST = new URL('../../dist/', import.meta.url).href
const written = mkdtempSync(join(tmpdir(), 'lastcall-coverage-'))
// Some programs are run as somebody else.
chmodSync(written, 0o777)

run('npx', ['tsup', '--silent', '--sourcemap', '--clean'])
const tested = run(
  'npx',
  ['vitest', 'run', '--coverage', '--config', 'test/coverage/vitest.config.ts'],
  {
    NODE_V8_COVERAGE: written,
  },
)

const map = coverageLibrary.createCoverageMap(
  JSON.parse(readFileSync(join(ROOT, 'coverage/coverage-final.json'), 'utf8')),
)
console.log(`\nIn the tests' own processes: ${percent(map)} % of the branches.`)
map.filter((file) => file.startsWith(SRC))
for (const data of await reachedByPrograms()) add(coverageLibrary.createCoverageMap(data))
rmSync(written, { recursive: true })

const context = reportLibrary.createContext({ dir: join(ROOT, 'coverage'), coverageMap: map })
for (const kind of ['text', 'html']) reports.create(kind).execute(context)
console.log(
  `With the programs that they start: ${percent(map)} % of the branches; ${LEAST} % are wanted.`,
)
process.exitCode = tested.status === 0 && percent(map) >= LEAST ? 0 : 1

/** What was reached in dist/, as places in src/. */
async function reachedByPrograms() {
  const byFile = new Map()
  for (const name of readdirSync(written)) {
    const { result } = readOf(join(written, name))
    for (const script of result) {
      if (!script.url.startsWith(DIST)) continue
      byFile.set(script.url, [...(byFile.get(script.url) ?? []), script])
    }
  }
  const conversions = [...byFile].map(async ([url, scripts]) => {
    const path = fileURLToPath(url)
    if (!existsSync(`${path}.map`)) return {}
    const code = readFileSync(path, 'utf8')
    const sourceMap = JSON.parse(readFileSync(`${path}.map`, 'utf8'))
    sourceMap.sources = sourceMap.sources.map((source) => resolve(dirname(path), source))
    return convert({
      ast: parse(code, { ecmaVersion: 'latest', sourceType: 'module' }),
      code,
      sourceMap,
      coverage: mergeScriptCovs(scripts),
    })
  })
  return Promise.all(conversions)
}

/**
 * Adds what programs have reached. The compilers differ by some columns in where they say that something
 * stands, so branches are matched by their line, and within it by their order; where that does not
 * tell, nothing is added.
 */
function add(reached) {
  for (const path of reached.files()) {
    if (!map.files().includes(path)) continue
    const [ours, theirs] = [map, reached].map((one) =>
      branchesByLine(one.fileCoverageFor(path).data),
    )
    const { data } = map.fileCoverageFor(path)
    for (const [line, branches] of ours) {
      const others = theirs.get(line) ?? []
      if (others.length !== branches.length) continue
      branches.forEach(({ id, arms }, index) => {
        if (others[index].arms.length !== arms.length) return
        data.b[id] = arms.map((count, arm) => count + others[index].arms[arm])
      })
    }
  }
}

/** The branches of a file by their line and kind, in their order, with how often each arm was taken. */
function branchesByLine({ branchMap, b }) {
  const byLine = new Map()
  const inOrder = Object.entries(branchMap).sort(
    ([, one], [, other]) => one.loc.start.column - other.loc.start.column,
  )
  for (const [id, { type, loc }] of inOrder) {
    const line = `${type} ${loc.start.line}`
    byLine.set(line, [...(byLine.get(line) ?? []), { id, arms: b[id] }])
  }
  return byLine
}

/** A process that was killed may have left half a file. */
function readOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { result: [] }
  }
}

function percent(map) {
  return map.getCoverageSummary().branches.pct
}

function run(command, args, env = {}) {
  return spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } })
}
