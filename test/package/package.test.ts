import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ENTRIES, manifest } from '../support/programs/entries.ts'
import { Script } from '../support/programs/script.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

test('has the dependencies that it is to have, and runs on Node 20.19', () => {
  expect(Object.keys(manifest.dependencies).sort()).toEqual([
    'eventemitter3',
    'http-terminator',
    'p-timeout',
  ])
  expect(manifest.engines.node).toBe('>=20.19')
})

test('the lock file names no registry', () => {
  expect(readFileSync(`${ROOT}/package-lock.json`, 'utf8')).not.toContain('"resolved"')
})

test('the licence of each package that is built in is published', () => {
  const built = ENTRIES.flatMap(({ code }) => Object.values<string>(code))
  const folders = new Set(built.flatMap((path) => [dirname(path), `${ROOT}/dist`]))
  const texts = [...folders].flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((file) => file.isFile() && /\.c?js$/.test(file.name))
      .map((file) => readFileSync(join(folder, file.name), 'utf8')),
  )
  const paths = texts.flatMap((text) => text.match(/(?<=^\/\/ node_modules\/)\S+/gm) ?? [])
  const names = new Set(paths.map((path) => path.replace(/^.*node_modules\//, '').split('/')[0]))
  expect([...names].sort()).toEqual([
    'eventemitter3',
    'http-terminator',
    'p-finally',
    'p-timeout',
    'p-wait-for',
  ])
  const licences = readFileSync(`${ROOT}/THIRD_PARTY_LICENSES`, 'utf8')
  for (const name of names) expect(licences).toContain(`\n# ${name}\n`)
})

test('what is published holds the built files with their types, the documents and the licences', () => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }]
  const paths = files.map(({ path }) => path)
  expect(paths).toEqual(
    expect.arrayContaining([
      ...ENTRIES.flatMap(({ code, types }) =>
        [code, types].flatMap(Object.values<string>).map((path) => relative(ROOT, path)),
      ),
      'dist/cli/cli.cjs',
      'dist/cli/timeline.cjs',
      'dist/cli/doctor.cjs',
      'README.md',
      'LICENSE',
      'THIRD_PARTY_LICENSES',
      'CHANGELOG.md',
      'docs/guide.md',
      'docs/reference/core.md',
    ]),
  )
  expect(paths.filter((path) => /^(src|test)\//.test(path))).toEqual([])
  // Documents link to the examples and to the figures of the benchmarks. Tests and programs are not for users.
  expect(
    paths.filter((path) => /^bench\/(?!results\.svg|RESULTS\.md)|\.test\./.test(path)),
  ).toEqual([])
})

describe.each([
  ['module', (entry: string) => `await import('${entry}')`],
  ['commonjs', (entry: string) => `require('${entry}')`],
] as const)('loaded as %s', (type, load) => {
  const [main, http, workers] = ['lastcall', 'lastcall/http', 'lastcall/workers'].map(load)

  test('has the same names', async () => {
    const code = `process.stdout.write(JSON.stringify([${main}, ${http}, ${workers}].map(Object.keys)))`
    const { stdout, stderr } = await new Script(code, { type }).ended
    const [core, adapters, ofWorkers] = (JSON.parse(stdout) as string[][]).map((names) =>
      names.filter((name) => name !== 'default').sort(),
    )
    expect(core).toEqual([
      'AbortError',
      'LastcallError',
      'PHASES',
      'TimeoutError',
      'createShutdown',
      'detectPlatform',
      'diagnose',
      'formatDiagnosis',
      'formatPlan',
      'formatReport',
    ])
    expect(adapters).toEqual([
      'expressShutdown',
      'fastifyShutdown',
      'healthChecks',
      'httpServer',
      'requestSignal',
      'webSocketServer',
    ])
    expect(ofWorkers).toEqual([
      'childProcess',
      'clusterWorkers',
      'supervise',
      'taskTracker',
      'workerThread',
    ])
    expect(stderr).toBe('')
  })

  test('throws errors of one class, whichever entry they come from', async () => {
    const code = `
      const { LastcallError } = ${main}
      const { httpServer } = ${http}
      try { httpServer({}) } catch (error) { process.stdout.write(String(error instanceof LastcallError)) }
    `
    expect((await new Script(code, { type }).ended).stdout).toBe('true')
  })
})
