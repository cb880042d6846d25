import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'
import { ENTRIES, WAYS } from '../../support/programs/entries.ts'

const run = promisify(execFile)
const application = inject('application')
const installed = join(application, 'node_modules/lastcall')

const readme = readFileSync(join(installed, 'README.md'), 'utf8')

/** Every path that a manifest names, wherever in it. */
function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : []
}

test('everything that the manifest names is there', () => {
  const { bin, exports, main, module, types, typesVersions } = JSON.parse(
    readFileSync(join(installed, 'package.json'), 'utf8'),
  )
  const paths = pathsIn({ bin, exports, main, module, types, typesVersions })
  expect(paths.length).toBeGreaterThan(ENTRIES.length * 4)
  expect(paths.filter((path) => !existsSync(join(installed, path)))).toEqual([])
})

test('every entry but the first has its types for node10, too', () => {
  const { typesVersions } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  const names = Object.keys(typesVersions['*']).map((path) => `lastcall/${path}`)
  expect(names).toEqual(ENTRIES.slice(1).map(({ name }) => name))
})

test('the README says what it takes on the disk, within a tenth', () => {
  const modules = join(application, 'node_modules')
  const bytes = readdirSync(modules, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name !== '.package-lock.json')
    .map((file) => join(file.parentPath, file.name))
    // What setup.ts installs for the tests of types.
    .filter((path) => !/node_modules\/(@types|undici-types|oldest-typescript)\//.test(path))
    .reduce((sum, path) => sum + statSync(path).size, 0)
  const [, said] = /^\| Installed: MB, packages ¹ \| ([\d.]+), /m.exec(readme) ?? []
  expect(Number(said) / (bytes / 1e6)).toBeGreaterThan(0.9)
  expect(Number(said) / (bytes / 1e6)).toBeLessThan(1.1)
})

test('nothing else is there: no source, no test, no source map', () => {
  const files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(installed.length + 1))
  // Source maps would point to sources that are not published.
  const meant = [
    /^(package\.json|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE|THIRD_PARTY_LICENSES)$/,
    /^docs\/([\w/-]+\.md|timeline\.(json|svg)|sequences\/[\w-]+\.svg)$/,
    // What the documents link to.
    /^examples\/(\d\d-\w+\.ts|(deployment|fleet|support)\/[\w.-]+)$/,
    /^bench\/(RESULTS\.md|results\.svg)$/,
    /^dist\/cli\/(cli|doctor|timeline)\.cjs$/,
    /^dist\/(\w+\/)?index\.(js|cjs|d\.ts|d\.cts)$/,
    // What entries share.
    /^dist\/chunk-\w+\.c?js$/,
    /^dist\/[\w-]+-[\w-]{8}\.d\.c?ts$/,
  ]
  expect(files.filter((file) => !meant.some((pattern) => pattern.test(file)))).toEqual([])
})

test.each(ENTRIES.flatMap(({ name }) => WAYS.map((way) => [name, way] as const)))(
  '%s is loaded by %s',
  async (name, way) => {
    const code =
      way === 'import' ? `import * as all from '${name}'` : `const all = require('${name}')`
    const type = way === 'import' ? 'module' : 'commonjs'
    const { stdout, stderr } = await run(
      process.execPath,
      [`--input-type=${type}`, '-e', `${code}\nconsole.log(Object.keys(all).length > 0)`],
      { cwd: application },
    )
    expect({ stdout, stderr }).toEqual({ stdout: 'true\n', stderr: '' })
  },
)

test('npx lastcall --help says what there is', async () => {
  const { stdout } = await run('npx', ['--no-install', 'lastcall', '--help'], { cwd: application })
  expect(stdout).toMatch(/lastcall run[\s\S]*lastcall stop/)
})
