import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Script } from '../support/script.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'))

test('has the dependencies that it is to have, and runs on Node 20.19', () => {
  expect(Object.keys(manifest.dependencies).sort()).toEqual([
    'cac',
    'eventemitter3',
    'http-terminator',
    'p-timeout',
  ])
  expect(manifest.engines.node).toBe('>=20.19')
})

test('the lock file names no registry', () => {
  expect(readFileSync(`${ROOT}/package-lock.json`, 'utf8')).not.toContain('"resolved"')
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
      ...['index', 'http/index', 'workers/index'].flatMap((entry) =>
        ['.js', '.cjs', '.d.ts', '.d.cts'].map((ending) => `dist/${entry}${ending}`),
      ),
      'dist/cli/cli.cjs',
      'README.md',
      'LICENSE',
      'THIRD_PARTY_LICENSES',
      'CHANGELOG.md',
      'docs/guide.md',
      'docs/reference.md',
    ]),
  )
  expect(paths.filter((path) => /^(src|test|bench|examples)\//.test(path))).toEqual([])
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

  test('loads no HTTP code with the core, listens to nothing and leaves no timer', async () => {
    const code = `
      const before = process.eventNames().length
      ${main}
      const loaded = process.moduleLoadList.filter((name) => /NativeModule (_?http|https|http2|net|tls)/.test(name))
      process.stdout.write(JSON.stringify({
        loaded,
        listeners: process.eventNames().length - before,
        holds: process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name)),
      }))
    `
    const { stdout } = await new Script(code, { type }).ended
    expect(JSON.parse(stdout)).toEqual({ loaded: [], listeners: 0, holds: [] })
  })
})
