import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { installed } from '../support/programs/installed.ts'

const run = promisify(execFile)

const textOf = (name: string) =>
  readFileSync(fileURLToPath(new URL(`runners/${name}`, import.meta.url)), 'utf8')

/** Runs a file of `runners/` with the built package, as a user of that runner has it. */
async function runWith(file: string, packages: string[], command: string[], config = '{}') {
  const code = Object.fromEntries([file, 'cases.cjs'].map((name) => [name, textOf(name)]))
  const directory = installed(packages, { ...code, 'package.json': config })
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, NO_COLOR: '1' }
  const { stdout, stderr } = await run(process.execPath, command, { cwd: directory, env })
  return stdout + stderr
}

test('works in jest, with fake timers on before it is loaded, and says nothing of open handles', async () => {
  const config = {
    jest: { fakeTimers: { enableGlobally: true }, testMatch: ['**/*.test.cjs'] },
  }
  const command = ['node_modules/jest/bin/jest.js', '--detectOpenHandles']
  const said = await runWith('jest.test.cjs', ['jest'], command, JSON.stringify(config))
  expect(said).toContain('Tests:       8 passed, 8 total')
  expect(said).not.toMatch(/open handle/i)
})

test('works in vitest, with fake timers on before it is loaded', async () => {
  const command = ['node_modules/vitest/vitest.mjs', 'run']
  const said = await runWith('vitest.test.mjs', ['vitest', 'vite'], command)
  expect(said).toContain('Tests  8 passed (8)')
})

test('works in node:test, with mock timers on before it is loaded', async () => {
  const said = await runWith('node.test.mjs', [], ['--test', '--test-reporter=tap'])
  expect(said).toContain('# pass 2')
})
