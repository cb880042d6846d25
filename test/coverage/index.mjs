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

/** What is counted, and where each of it stands. */
const KINDS = [
  { counts: 'b', entries: 'branchMap', placeOf: ({ type, loc }) => ({ kind: type, ...loc.start }) },
  { counts: 'f', entries: 'fnMap', placeOf: ({ loc }) => loc.start },
  { counts: 's', entries: 'statementMap', placeOf: ({ start }) => start },
]

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
// Of a file that has types alone nothing can be reached.
map.filter(
  (file) => file.startsWith(SRC) && map.fileCoverageFor(file).toSummary().data.statements.total > 0,
)
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
 * stands, so it is matched by its line, and within it by its order; where that does not tell,
 * nothing is added.
 */
function add(reached) {
  for (const path of reached.files()) {
    if (!map.files().includes(path)) continue
    const [ours, theirs] = [map, reached].map((one) => one.fileCoverageFor(path).data)
    for (const kind of KINDS) addOne(kind, ours, theirs)
  }
}

function addOne(kind, ours, theirs) {
  const all = byLine(kind, theirs)
  for (const [line, places] of byLine(kind, ours)) {
    const others = all.get(line) ?? []
    if (others.length !== places.length) continue
    places.forEach(({ id, count }, index) => {
      const sum = added(count, others[index].count)
      if (sum !== undefined) ours[kind.counts][id] = sum
    })
  }
}

/** How often both have come there; for a branch, to each of its arms, where it has as many in both. */
function added(count, other) {
  if (!Array.isArray(count)) return count + other
  return count.length === other.length ? count.map((one, arm) => one + other[arm]) : undefined
}

/** What there is of a kind in a file, by line, in its order, with how often it was reached. */
function byLine({ counts, entries, placeOf }, data) {
  const found = Object.entries(data[entries]).map(([id, entry]) => {
    const { kind = '', line, column } = placeOf(entry)
    return { id, key: `${kind} ${line}`, column, count: data[counts][id] }
  })
  found.sort((one, other) => one.column - other.column)
  const lines = new Map()
  for (const one of found) lines.set(one.key, [...(lines.get(one.key) ?? []), one])
  return lines
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
