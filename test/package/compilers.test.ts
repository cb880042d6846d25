import { execFile } from 'node:child_process'
import { copyFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { installed } from '../support/programs/installed.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const { resolve } = createRequire(import.meta.url)
const run = promisify(execFile)

/** Those that applications use: the last one written in JavaScript, and the newest. */
const COMPILERS = ['typescript', 'typescript-next'] as const
type Compiler = (typeof COMPILERS)[number]

const RESOLUTIONS = {
  nodenext: ['--module', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
} as const

/** What `tsc --init` says to change for Node; and the declarations of packages are checked. */
const FOR_NODE = ['--types', 'node', '--lib', 'esnext', '--skipLibCheck', 'false', '--noEmit']

async function tsc(
  compiler: Compiler,
  folder: string,
  ...args: readonly string[]
): Promise<string> {
  const path = join(dirname(resolve(`${compiler}/package.json`)), 'bin/tsc')
  const command = [path, '--pretty', 'false', ...args]
  const { stdout } = await run(process.execPath, command, { cwd: folder }).catch((error) => error)
  return stdout
}

/** A folder of an application that has run `tsc --init`. */
async function application(compiler: Compiler, files: Record<string, string> = {}) {
  const manifest = JSON.stringify({ type: 'module' })
  const packages = ['@types/node', 'express', '@types/express']
  const folder = installed(packages, { 'package.json': manifest, ...files })
  await tsc(compiler, folder, '--init')
  return folder
}

describe.each(COMPILERS)('with %s, after `tsc --init`,', (compiler) => {
  test.each(['nodenext', 'bundler'] as const)(
    'the type tests and the deployment example compile with %s',
    async (resolution) => {
      const folder = await application(compiler)
      const paths = readdirSync(`${ROOT}test/types`).map((name) => `${ROOT}test/types/${name}`)
      for (const path of [...paths, `${ROOT}examples/deployment/server.ts`]) {
        copyFileSync(path, join(folder, basename(path).replace('.test-d', '')))
      }
      expect(await tsc(compiler, folder, ...FOR_NODE, ...RESOLUTIONS[resolution])).toBe('')
    },
  )

  test('each mistake has one error, at its place and in clear words', async () => {
    const before = `
      import { createShutdown } from 'lastcall'
      import { httpServer } from 'lastcall/http'
      const shutdown = createShutdown()
      const run = () => {}
      declare const pool: { end(): Promise<void> }
      declare const server: import('node:http').Server
      export { httpServer, pool, server }
    `
    const lines = before.split('\n').length
    const mistakes = MISTAKES.map(([code]) => code).join('\n')
    const folder = await application(compiler, { 'mistakes.ts': `${before}\n${mistakes}\n` })
    const output = await tsc(compiler, folder, ...FOR_NODE)
    const errors = output.split(/^mistakes\.ts/m).slice(1)
    const found = errors.map((error) => {
      const [, line, column] = /^\((\d+),(\d+)\): error/.exec(error) ?? []
      const [code = '', ...rest] = MISTAKES[Number(line) - lines - 1] ?? []
      return { code, at: code.slice(Number(column) - 1), rest, text: error.trimEnd() }
    })
    expect(found.map(({ code }) => code)).toEqual(MISTAKES.map(([code]) => code))
    for (const { at, rest, text } of found) {
      const [place, ...words] = rest as [string, ...string[]]
      expect({ text, begins: at.startsWith(place) }).toEqual({ text, begins: true })
      for (const one of words) expect(text).toContain(one)
    }
  })
})

/** A line of code, where its error is, and words that its message has. */
const MISTAKES: readonly (readonly [string, string, ...string[]])[] = [
  [
    "shutdown.add({ name: 'a', phase: 'close', handler: run })",
    'handler',
    "'handler' does not exist in type 'HookInPhase | ",
  ],
  [
    "shutdown.add([{ name: 'a', phase: 'close', handler: run }])",
    'handler',
    "'handler' does not exist in type 'HookInPhase | ",
  ],
  [
    "shutdown.add({ name: 'a', phase: 'close', run, timeOut: '5s' })",
    'timeOut',
    "'timeOut' does not exist in type 'HookInPhase | ",
  ],
  [
    "shutdown.add('a', run, { timeOut: '5s' })",
    'timeOut',
    "'timeOut' does not exist in type 'HookOptions'. Did you mean to write 'timeout'?",
  ],
  [
    "shutdown.add({ name: 'a', run })",
    '{',
    "Property 'phase' is missing in type '{ name: string; run: () => void; }' but required in type 'HookInPhase'",
  ],
  [
    "shutdown.add([{ name: 'a', run }])",
    '{',
    "Property 'phase' is missing in type '{ name: string; run: () => void; }' but required in type 'HookInPhase'",
  ],
  ["shutdown.add({ phase: 'close', run })", '{', "Property 'name' is missing"],
  [
    "shutdown.add({ name: 'a', phase: 3, run })",
    'phase',
    "Type 'number' is not assignable to type 'HookPhase'",
  ],
  ['shutdown.add(pool)', 'pool', "'{ end(): Promise<void>; }' is not assignable"],
  [
    "shutdown.add('pool', pool.end())",
    'pool.end()',
    "'Promise<void>' is not assignable to parameter of type '(context: HookContext) => unknown'",
  ],
  [
    "createShutdown({ gracePeriod: '10s' })",
    'gracePeriod',
    "'gracePeriod' does not exist in type 'ShutdownOptions'",
  ],
  [
    'createShutdown({ grace: true })',
    'grace',
    "Type 'true' is not assignable to type 'Duration | undefined'",
  ],
  [
    "httpServer(server, { lingre: '1s' })",
    'lingre',
    "'lingre' does not exist in type 'HttpServerOptions'. Did you mean to write 'linger'?",
  ],
]
