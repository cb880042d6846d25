import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { circleIn } from './support/circle-in.ts'

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)
const folders = ['', ...new Set(files.flatMap(foldersOf))]

/** `cli/doctor/kinds/pm2.ts` lies in `cli`, `cli/doctor` and `cli/doctor/kinds`. */
function foldersOf(file: string): string[] {
  const parts = dirname(file).split('/')
  return parts[0] === '.' ? [] : parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** What a file imports, types included: paths below `src/`, and names of packages. */
const importsOf = new Map(files.map((file) => [file, readImports(file)]))

function readImports(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  const found = text.matchAll(/^(?:import|export)[^'"]*?from '(.+?)'|import\('(.+?)'\)/gm)
  return [...found].map(([, given, dynamic]) => {
    const path = given ?? dynamic ?? ''
    return path.startsWith('.') ? normalize(join(dirname(file), path)) : path
  })
}

/** The paths below `src/` that the files of a folder import from outside of it. */
function importsFrom(folder: string): string[] {
  const inside = files.filter((file) => file.startsWith(folder))
  const all = inside.flatMap((file) => importsOf.get(file) ?? [])
  return [...new Set(all)].filter((path) => path.endsWith('.ts') && !path.startsWith(folder))
}

/** The folder or file of `src/` in which a path lies: `engine/run.ts` lies in `engine`. */
const roomOf = (path: string) => path.split('/')[0] ?? ''

/** The code without comments and texts. */
function codeOf(file: string): string {
  return readFileSync(join(SRC, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'[^'\n]*'|`[^`]*`/g, "''")
}

describe('imports go one way', () => {
  test('no file imports itself through others', () => {
    expect(circleIn(importsOf)).toEqual([])
  })

  // A folder counts as one: what it imports, each of its files imports. So the folders have an order.
  test.each(folders)('the files and folders of src/%s import each other in no circle', (folder) => {
    const entries = new Map<string, string[]>()
    const entryOf = (path: string) => {
      const rest = folder === '' ? path : path.slice(folder.length + 1)
      return rest.split('/')[0] ?? ''
    }
    const isInside = (path: string) => folder === '' || path.startsWith(`${folder}/`)
    for (const [file, imports] of importsOf) {
      if (!isInside(file)) continue
      const entry = entryOf(file)
      const others = imports.filter((path) => path.endsWith('.ts') && isInside(path)).map(entryOf)
      const known = entries.get(entry) ?? []
      entries.set(entry, [...known, ...others.filter((other) => other !== entry)])
    }
    expect(entries.size).toBeGreaterThan(0)
    expect(circleIn(entries)).toEqual([])
  })

  test('a circle is found, and named by its members', () => {
    const imports = new Map([
      ['a', ['b', 'c']],
      ['b', ['c']],
      ['c', ['d']],
      ['d', ['b']],
    ])
    expect(circleIn(imports)).toEqual(['b', 'c', 'd', 'b'])
  })
})

const ADAPTERS = ['http', 'workers', 'testing', 'cli']

/**
 * What some folders are held to, besides the order: an adapter knows the contract of the hook, as a
 * user's own hook would, what lies below the engine, and the log. Those for workers also stop what runs by
 * priority. Tests of real programs know no more than such a program does.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  http: ['base', 'runtime', 'text', 'engine/hook.ts', 'observe/log.ts'],
  workers: ['base', 'runtime', 'engine/hook.ts', 'engine/phases.ts', 'observe/log.ts'],
  'testing/real': ['base', 'runtime', 'platform', 'text', 'testing/node/settle.ts'],
}

describe('the folders', () => {
  test('the root holds what a user looks for first', () => {
    const root = files.filter((file) => !file.includes('/'))
    expect(root.length).toBeLessThanOrEqual(6)
  })

  test('the core knows of no server, worker, command line or test', () => {
    const core = [...new Set(files.map(roomOf))].filter((room) => !ADAPTERS.includes(room))
    expect(core.length).toBeGreaterThan(5)
    const rooms = core.flatMap(importsFrom).map(roomOf)
    expect(rooms.filter((room) => ADAPTERS.includes(room))).toEqual([])
  })

  test.each(Object.entries(MAY_IMPORT))('%s/ imports only what it may', (folder, allowed) => {
    const imports = importsFrom(`${folder}/`)
    expect(imports.length).toBeGreaterThan(0)
    expect(
      imports.filter((path) => !allowed.includes(path) && !allowed.includes(roomOf(path))),
    ).toEqual([])
  })
})

test('packages are imported where they are needed, and nowhere else', () => {
  const packagesOf = (isMeant: (file: string) => boolean) => {
    const all = files.filter(isMeant).flatMap((file) => importsOf.get(file) ?? [])
    return [...new Set(all)].filter((path) => !path.endsWith('.ts') && !path.startsWith('node:'))
  }
  const isDoctor = (file: string) => file.startsWith('cli/doctor/')
  const isCore = (file: string) => !ADAPTERS.includes(roomOf(file))
  expect(packagesOf(isCore).sort()).toEqual(['eventemitter3', 'p-timeout'])
  expect(packagesOf((file) => roomOf(file) === 'http')).toEqual(['http-terminator'])
  expect(packagesOf((file) => !isDoctor(file)).sort()).toEqual([
    'eventemitter3',
    'http-terminator',
    'p-timeout',
  ])
  const parsers = ['acorn', 'diff', 'dockerfile-ast', 'shell-quote', 'yaml']
  expect(packagesOf(isDoctor).sort()).toEqual(parsers)
})

test('only runtime/ touches the process; the command line its terminal, and the watchdog a thread', () => {
  const touching = files.filter((file) => /(?<![.\w])process\b(?!\.ts|:)/.test(codeOf(file)))
  expect(touching).toContain('runtime/process.ts')
  expect(touching.filter((file) => roomOf(file) !== 'runtime').sort()).toEqual([
    'cli/terminal.ts',
    'exit/watchdog/thread.ts',
  ])
})

test('one file touches timers, and one runs in a thread', () => {
  const touching = files.filter((file) =>
    // A parameter with its type is one of a clock that a test defines.
    /(?<![.\w])(setTimeout|setInterval|setImmediate|clearTimeout)\s*(\((?!\w+: )|[,}])|\bperformance\b|\bDate\.now\b/.test(
      codeOf(file),
    ),
  )
  expect(touching.sort()).toEqual(['exit/watchdog/thread.ts', 'runtime/clock.ts'])
})

test('the command line loads its doctor only when it is asked for', () => {
  const loading = files.filter(
    (file) =>
      !file.startsWith('cli/doctor/') &&
      importsOf.get(file)?.some((path) => path.startsWith('cli/doctor/')),
  )
  expect(loading).toEqual(['cli/main.ts'])
  expect(readFileSync(join(SRC, 'cli/main.ts'), 'utf8')).toContain("import('./doctor/index.ts')")
})
