import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'

const run = promisify(execFile)
const application = inject('application')
const CURRENT = 'node_modules/typescript'
const NEWEST = 'node_modules/typescript-next'
const OLDEST = join(application, 'node_modules/oldest-typescript')

/** The oldest compiler has no case of its own with a browser's types: Node's own contradict those then. */
const CASES = [
  ['the current TypeScript', { compiler: CURRENT, lib: ['ES2022'] }],
  ['the newest TypeScript', { compiler: NEWEST, lib: ['ES2022'] }],
  ['the types of a browser', { compiler: CURRENT, lib: ['ES2022', 'DOM'] }],
  ['the oldest TypeScript', { compiler: OLDEST, lib: ['ES2022'] }],
] as const

/** The type tests, as modules of both kinds in the folder of somebody who has installed the package. */
function copyTypeTests(folder: string): void {
  mkdirSync(folder)
  for (const file of readdirSync('test/types')) {
    const name = file.replace('.test-d.ts', '')
    for (const ending of ['mts', 'cts']) {
      copyFileSync(join('test/types', file), join(folder, `${name}.${ending}`))
    }
  }
}

test.each(CASES)('the type tests hold with %s', async (name, { compiler, lib }) => {
  const folder = join(application, name.replaceAll(' ', '-'))
  copyTypeTests(folder)
  const compilerOptions = {
    target: 'ES2022',
    lib,
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  const { stdout } = await run(process.execPath, [join(compiler, 'bin/tsc'), '-p', folder]).catch(
    (error) => error,
  )
  expect(stdout).toBe('')
})
