import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { installed } from '../support/programs/installed.ts'
import { filesIn, readDocument } from './markdown.ts'

const run = promisify(execFile)
const files = filesIn(readDocument('docs/how-to/testing.md'))
const example = (name: string) => files[name] ?? ''

/** Runs one of the tools that are installed in a folder, without the variables of this test's own runner. */
function tool(directory: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { PATH, HOME } = process.env
  return run(process.execPath, args, { cwd: directory, env: { PATH, HOME, NO_COLOR: '1' } })
}

test('the example for vitest passes, agrees with the types, and needs no other snapshot', async () => {
  const [code, hooks] = [example('shutdown.test.ts'), example('shutdown.ts')]
  const packages = ['vitest', 'vite', 'typescript', '@types/node']
  const directory = installed(packages, { 'shutdown.test.ts': code, 'shutdown.ts': hooks })
  const { stdout } = await tool(directory, 'node_modules/vitest/vitest.mjs', 'run')
  expect(stdout).toContain('Tests  4 passed (4)')
  const compiler = ['node_modules/typescript/bin/tsc', '--noEmit', '--strict', '--skipLibCheck']
  const options = ['--module', 'preserve', '--allowImportingTsExtensions', '--target', 'es2022']
  await tool(directory, ...compiler, ...options, 'shutdown.test.ts')
})

test('the example of a real program passes', async () => {
  const example = filesIn(readDocument('docs/how-to/testing-programs.md'))
  const directory = installed(['vitest', 'vite'], example)
  const { stdout } = await tool(directory, 'node_modules/vitest/vitest.mjs', 'run')
  expect(stdout).toContain('Tests  1 passed (1)')
})

test('the example for jest passes', async () => {
  const directory = installed(['jest'], {
    'package.json': '{}',
    'shutdown.test.js': example('shutdown.test.js'),
    'shutdown.js': example('shutdown.js'),
  })
  const { stderr } = await tool(directory, 'node_modules/jest/bin/jest.js')
  expect(stderr).toContain('Tests:       2 passed, 2 total')
})

test('the example for node:test passes', async () => {
  const directory = installed([], {
    'shutdown.test.mjs': example('shutdown.test.mjs'),
    'shutdown.mjs': example('shutdown.mjs'),
  })
  const { stdout } = await tool(directory, '--test', '--test-reporter=tap')
  expect(stdout).toContain('# pass 2')
})

describe('main() in the process of the test', () => {
  const files = filesIn(readDocument('docs/how-to/testing-main.md'))
  const some = (...names: string[]) =>
    Object.fromEntries(names.map((name) => [name, files[name] ?? '']))

  test('with the shutdown as an argument', async () => {
    const directory = installed([], some('main.mjs', 'main.test.mjs'))
    const { stdout } = await tool(directory, '--test', '--test-reporter=tap')
    expect(stdout).toContain('# pass 1')
  })

  test('with vi.mock()', async () => {
    const packages = ['vitest', 'vite', 'typescript', '@types/node']
    const directory = installed(packages, some('main.ts', 'worker.ts', 'main.test.ts'))
    const { stdout } = await tool(directory, 'node_modules/vitest/vitest.mjs', 'run')
    expect(stdout).toContain('Tests  1 passed (1)')
    const compiler = ['node_modules/typescript/bin/tsc', '--noEmit', '--strict', '--skipLibCheck']
    const options = ['--module', 'preserve', '--allowImportingTsExtensions', '--target', 'es2022']
    await tool(directory, ...compiler, ...options, 'main.test.ts')
  })

  test('with jest.mock()', async () => {
    const code = some('main.js', 'main.test.js')
    const directory = installed(['jest'], { 'package.json': '{}', ...code })
    const { stderr } = await tool(directory, 'node_modules/jest/bin/jest.js')
    expect(stderr).toContain('Tests:       1 passed, 1 total')
  })
})

test('what a failure looks like is what stands there', async () => {
  const order = "['jobs', 'events', 'postgres']"
  const wrong = example('shutdown.test.mjs').replace(order, "['postgres', 'events']")
  const directory = installed([], {
    'shutdown.test.mjs': wrong,
    'shutdown.mjs': example('shutdown.mjs'),
  })
  const failed = await tool(directory, 'shutdown.test.mjs').catch((error) => error)
  const [, shown = ''] =
    /^```\n(AssertionError[\s\S]*?)\n```$/m.exec(readDocument('docs/how-to/testing.md').text) ?? []
  expect(shown.split('\n').length).toBeGreaterThan(4)
  const indented = (text: string) => text.split('\n').map((line) => line.trim())
  expect(indented(failed.stdout).join('\n')).toContain(indented(shown).slice(2).join('\n'))
  expect(failed.stdout).toContain(shown.split('\n')[0]?.replace('AssertionError: ', ''))
})
