// What loading the library costs: npm run bench:import
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { heldAgainst, median, printTable, range } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 40)
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** An application that has the package installed, with a module for each thing to load. */
function makeApplication(modules: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-import-'))
  const installed = join(folder, 'node_modules', 'lastcall')
  mkdirSync(installed, { recursive: true })
  cpSync(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
  for (const [name, code] of Object.entries(modules)) writeFileSync(join(folder, name), code)
  return folder
}

const MODULES = {
  'empty.mjs': '',
  'lastcall.mjs': `import 'lastcall'`,
  'lastcall-http.mjs': `import 'lastcall/http'`,
  'empty.cjs': '',
  'lastcall.cjs': `require('lastcall')`,
  'lastcall-http.cjs': `require('lastcall/http')`,
}
type Module = keyof typeof MODULES

/** Each with what it is held against, and what it may cost over that, in milliseconds. */
const PAIRS: [Module, Module, number][] = [
  ['lastcall.mjs', 'empty.mjs', 5],
  ['lastcall-http.mjs', 'lastcall.mjs', 5],
  ['lastcall.cjs', 'empty.cjs', 5],
  ['lastcall-http.cjs', 'lastcall.cjs', 5],
]

const folder = makeApplication(MODULES)
const timeOf = (module: Module): number => {
  const began = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [join(folder, module)], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return performance.now() - began
}

const rows: string[][] = []
for (const [module, against, limit] of PAIRS) {
  const pairs = Array.from({ length: RUNS }, () => [timeOf(against), timeOf(module)] as const)
  rows.push([
    MODULES[module],
    range(
      pairs.map(([, time]) => time),
      'ms',
      1,
    ),
    MODULES[against] || 'an empty module',
    range(
      pairs.map(([time]) => time),
      'ms',
      1,
    ),
    heldAgainst(median(pairs.map(([first, second]) => second - first)), limit, 'ms'),
  ])
}
rmSync(folder, { recursive: true })
printTable(
  `Whole processes that load a module and end, in ${RUNS} pairs: median (least to most)`,
  ['what', 'time', 'against', 'time', 'more, pair by pair'],
  rows,
)
