import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

/** The layers, lowest first: a file imports from its own layer and from those below. */
const LAYERS = [
  [
    'errors.ts',
    'cut-off.ts',
    'accept-queue.ts',
    'proc-stat.ts',
    'living.ts',
    'spawn-error.ts',
    'duration.ts',
    'text-width.ts',
    'clock.ts',
    'reason.ts',
    'escape-controls.ts',
    'log.ts',
    'company.ts',
    'limit.ts',
    'output.ts',
    'colors.ts',
    'process-port.ts',
    'process.ts',
    'platform.ts',
    'phases.ts',
    'watchdog/watched.ts',
    'watchdog/thread.ts',
    'waits.ts',
  ],
  ['hook.ts', 'budget.ts', 'report.ts', 'registry.ts', 'exit-code.ts', 'events.ts'],
  [
    'plan.ts',
    'run.ts',
    'coordinator.ts',
    'log-events.ts',
    'tracing.ts',
    'timeline.ts',
    'exit.ts',
    'watchdog/exit-guard.ts',
    'watchdog/watchdog.ts',
    'report-times.ts',
    'under-way.ts',
    'timeline-bars.ts',
    'diagnose.ts',
  ],
  ['triggers/signals.ts', 'triggers/faults.ts', 'triggers/messages.ts'],
  ['shutdown.ts', 'create-shutdown.ts'],
  ['index.ts'],
]

/**
 * What an adapter may know of the core: the hook, as a user's own would, and the base below it. Those
 * of the workers send signals and pass output on, too, and have priorities between two phases.
 */
const FOR_ADAPTERS = [
  'hook.ts',
  'errors.ts',
  'duration.ts',
  'clock.ts',
  'cut-off.ts',
  'accept-queue.ts',
]
const FOR_WORKERS = [
  'log.ts',
  'reason.ts',
  'process.ts',
  'phases.ts',
  'limit.ts',
  'proc-stat.ts',
  'spawn-error.ts',
]

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  return [...text.matchAll(/^(?:import|export)[^'"]*?from '(.+?)'|import\('(.+?)'\)/gm)].map(
    ([, given, dynamic]) => {
      const path = given ?? dynamic ?? ''
      return path.startsWith('.') ? normalize(join(dirname(file), path)) : path
    },
  )
}

/** The code without comments and texts. */
function codeOf(file: string): string {
  return readFileSync(join(SRC, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'[^'\n]*'|`[^`]*`/g, "''")
}

const layerOf = (file: string) => LAYERS.findIndex((layer) => layer.includes(file))
const core = files.filter((file) => !/^(http|workers|cli|testing)\//.test(file))
const adapters = files.filter((file) => /^(http|workers)\//.test(file))

/** What tests of real programs may know: the base, and no more of the library than such a program does. */
const FOR_REAL = [
  'errors.ts',
  'duration.ts',
  'clock.ts',
  'process.ts',
  'platform.ts',
  'proc-stat.ts',
  'spawn-error.ts',
]

describe('imports go one way', () => {
  test('every file of the core has its layer', () => {
    expect(core.filter((file) => layerOf(file) < 0)).toEqual([])
    expect(LAYERS.flat().filter((file) => !files.includes(file))).toEqual([])
  })

  test.each(core)('%s imports from its layer or below', (file) => {
    const upwards = importsOf(file).filter(
      (path) => path.endsWith('.ts') && layerOf(path) > layerOf(file),
    )
    expect(upwards).toEqual([])
  })

  test.each(core)('%s knows of no server, no worker, no command line and no test', (file) => {
    const others = /http|workers|cli\/|testing|child_process/
    expect(importsOf(file).filter((path) => others.test(path))).toEqual([])
  })

  test('the kit for tests knows of the core alone, and nobody knows of it', () => {
    const kit = files.filter((file) => file.startsWith('testing/'))
    expect(kit.length).toBeGreaterThan(5)
    const others = /^(http|workers|cli)\//
    expect(kit.flatMap(importsOf).filter((path) => others.test(path))).toEqual([])
    const rest = files.filter((file) => !kit.includes(file))
    expect(rest.filter((file) => importsOf(file).some((path) => kit.includes(path)))).toEqual([])
  })

  test.each(adapters)(
    '%s imports the hook contract and the base, and nothing else of the core',
    (file) => {
      const own = `${file.split('/')[0]}/`
      const known = own === 'workers/' ? [...FOR_ADAPTERS, ...FOR_WORKERS] : FOR_ADAPTERS
      const others = importsOf(file).filter(
        (path) => path.endsWith('.ts') && !path.startsWith(own) && !known.includes(path),
      )
      expect(others).toEqual([])
    },
  )
})

test('tests of real programs import the base, and nothing else of the library', () => {
  const real = files.filter((file) => file.startsWith('testing/real/'))
  const others = real.flatMap(importsOf).filter((path) => {
    return path.endsWith('.ts') && !path.startsWith('testing/real/') && !FOR_REAL.includes(path)
  })
  expect(others).toEqual([])
})

test('four packages are imported: http-terminator by the HTTP entry alone, cac by the command line, and parsers by its doctor', () => {
  const packages = (list: string[]) =>
    [...new Set(list.flatMap(importsOf))].filter(
      (path) => !path.endsWith('.ts') && !path.startsWith('node:'),
    )
  expect(packages(core).sort()).toEqual(['eventemitter3', 'p-timeout'])
  expect(packages(adapters).sort()).toEqual(['eventemitter3', 'http-terminator'])
  const doctors = files.filter((file) => file.startsWith('cli/doctor/'))
  const rest = files.filter((file) => !doctors.includes(file))
  expect(packages(rest).sort()).toEqual(['cac', 'eventemitter3', 'http-terminator', 'p-timeout'])
  const parsers = ['acorn', 'diff', 'dockerfile-ast', 'shell-quote', 'yaml']
  expect(packages(doctors).sort()).toEqual(parsers)
})

test('one file touches the process, one of the command line its terminal, and one runs in a thread', () => {
  const touching = files.filter((file) => /(?<![.\w])process\b(?!\.ts|:)/.test(codeOf(file)))
  expect(touching.sort()).toEqual(['cli/terminal.ts', 'process.ts', 'watchdog/thread.ts'])
})

test('one file touches timers, and one runs in a thread', () => {
  const touching = files.filter((file) =>
    // A parameter with its type is one of a clock that somebody defines.
    /(?<![.\w])(setTimeout|setInterval|setImmediate|clearTimeout)\s*(\((?!\w+: )|[,}])|\bperformance\b|\bDate\.now\b/.test(
      codeOf(file),
    ),
  )
  expect(touching.sort()).toEqual(['clock.ts', 'watchdog/thread.ts'])
})

test('one file of the command line loads its doctor, and no other command does', () => {
  const loading = files.filter(
    (file) =>
      !file.startsWith('cli/doctor/') &&
      importsOf(file).some((path) => path.startsWith('cli/doctor/')),
  )
  expect(loading).toEqual(['cli/main.ts'])
  expect(importsOf('cli/main.ts')).toContain('cli/doctor/index.ts')
  expect(readFileSync(join(SRC, 'cli/main.ts'), 'utf8')).toContain("import('./doctor/index.ts')")
})
