/** One of those that the test kit is tried in. */
export interface Runner {
  /** What a user calls it, and its row in the table. */
  readonly name: string
  /** The npm packages that a user installs for it and for its types. */
  readonly packages: readonly string[]
  /** The runtime on which it is started; a `name` of `test/matrix/runtimes.ts`. */
  readonly runtime: string
  /** How its files end: `.test.mjs`. */
  readonly ending: string
  /** What a file of tests begins with: `check` adds a test, `timers` are its fake timers, if it has some. */
  readonly imports: string
  /** Whose fake timers they are. */
  readonly fakeTimers?: string
  /** The imports of its matchers, if it has `expect.extend()`. */
  readonly matchers?: string
  /** Whether it runs all files in one process, so that each has to be run alone. */
  readonly isShared?: boolean
  /** How a test in TypeScript declares the matchers, as docs/how-to/testing.md shows. */
  readonly types?: string
  /** Its configuration, by file. */
  readonly config?: Readonly<Record<string, string>>
  /** What runs these files, behind the runtime. */
  readonly command: (files: readonly string[]) => readonly string[]
}

const vitest = (pool: string, ...options: string[]): Runner => ({
  name: `vitest ${pool}`,
  packages: ['vitest@4.1.12'],
  runtime: 'Node 22',
  ending: '.test.mjs',
  imports: `
import { test as check, vi } from 'vitest'
const timers = {
  on: () => vi.useFakeTimers(),
  off: () => vi.useRealTimers(),
  advance: (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds),
}`,
  fakeTimers: 'vitest',
  matchers: "import { expect } from 'vitest'",
  types: `
import { expect } from 'vitest'
declare module 'vitest' {
  interface Matchers<T> extends ShutdownMatchers<T> {}
  interface AsymmetricMatchersContaining extends ShutdownMatchers<any> {}
}`,
  command: (files) => ['node_modules/vitest/vitest.mjs', 'run', ...options, ...files],
})

const JEST_TIMERS = `
const timers = {
  on: () => jest.useFakeTimers(),
  off: () => jest.useRealTimers(),
  advance: (milliseconds) => jest.advanceTimersByTimeAsync(milliseconds),
}`

const BUN_TIMERS = `
const timers = {
  on: () => jest.useFakeTimers(),
  off: () => jest.useRealTimers(),
  // Bun moves them by 1 ms for 0.
  advance: (milliseconds) => milliseconds > 0 && jest.advanceTimersByTime(milliseconds),
}`

const jest = {
  packages: ['jest@30.5.2', '@types/jest@30.0.0'],
  fakeTimers: 'jest',
  runtime: 'Node 22',
  config: { 'jest.config.json': '{ "testMatch": ["**/*.test.*js"], "transform": {} }' },
}

const node = (runtime: string): Runner => ({
  name: `node:test ${runtime.replace('Node ', '')}`,
  fakeTimers: 'node:test',
  packages: [],
  runtime,
  ending: '.test.mjs',
  imports: `
import { mock, test as check } from 'node:test'
const timers = {
  on: () => mock.timers.enable(),
  off: () => mock.timers.reset(),
  advance: (milliseconds) => mock.timers.tick(milliseconds),
}`,
  command: (files) => ['--test', '--test-reporter=spec', ...files],
})

const mocha = (modules: string, ending: string): Runner => ({
  fakeTimers: 'sinon',
  name: `mocha, sinon ${modules}`,
  packages: ['mocha@12.0.3', 'sinon@22.1.0'],
  runtime: 'Node 22',
  ending,
  imports: `
import sinon from 'sinon'
const check = it
let clock
const timers = {
  on: () => (clock = sinon.useFakeTimers()),
  off: () => clock.restore(),
  advance: (milliseconds) => clock.tickAsync(milliseconds),
}`,
  isShared: true,
  command: (files) => ['node_modules/mocha/bin/mocha.js', ...files],
})

/** Pinned, so that a message is compared with the same output everywhere. */
export const RUNNERS: readonly Runner[] = [
  vitest('forks', '--pool=forks'),
  vitest('threads', '--pool=threads'),
  vitest('vmThreads', '--pool=vmThreads'),
  vitest('no isolation', '--no-isolate'),
  {
    ...jest,
    name: 'jest CJS',
    ending: '.test.cjs',
    imports: `const check = test\n${JEST_TIMERS}`,
    matchers: '',
    types: `
declare global {
  namespace jest {
    interface Matchers<R, T = {}> extends ShutdownMatchers<R> {}
    interface Expect extends ShutdownMatchers<any> {}
    interface InverseAsymmetricMatchers extends ShutdownMatchers<any> {}
  }
}`,
    command: (files) => ['node_modules/jest/bin/jest.js', '--detectOpenHandles', ...files],
  },
  {
    ...jest,
    name: 'jest ESM',
    ending: '.test.mjs',
    imports: `import { expect, jest, test as check } from '@jest/globals'\n${JEST_TIMERS}`,
    matchers: '',
    types: `
import { expect } from '@jest/globals'
declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends ShutdownMatchers<R> {}
  interface AsymmetricMatchers extends ShutdownMatchers<any> {}
}`,
    command: (files) => ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...files],
  },
  node('Node 20'),
  node('Node 22'),
  node('Node 24'),
  mocha('ESM', '.test.mjs'),
  mocha('CJS', '.test.cjs'),
  {
    name: 'ava',
    // The newest that installs and runs on Node 20, as this package does.
    packages: ['ava@7.0.0'],
    runtime: 'Node 22',
    ending: '.test.mjs',
    imports: `
import test from 'ava'
const check = (name, run) => test.serial(name, async (t) => {
  await run()
  t.pass()
})
`,
    command: (files) => ['node_modules/ava/entrypoints/cli.mjs', ...files],
  },
  {
    fakeTimers: 'bun',
    name: 'bun',
    packages: ['bun-types@1.4.5'],
    runtime: 'Bun',
    ending: '.test.mjs',
    imports: `import { expect, jest, test as check } from 'bun:test'\n${BUN_TIMERS}`,
    matchers: '',
    types: `
import { expect } from 'bun:test'
declare module 'bun:test' {
  interface Matchers<T> extends ShutdownMatchers<T> {}
  interface AsymmetricMatchers extends ShutdownMatchers<any> {}
}`,
    command: (files) => ['test', ...files.map((file) => `./${file}`)],
  },
  {
    name: 'deno',
    packages: [],
    runtime: 'Deno',
    ending: '.test.mjs',
    imports: `const check = Deno.test\n`,
    command: (files) => [
      'test',
      '--allow-all',
      '--no-check',
      '--node-modules-dir=manual',
      ...files,
    ],
  },
]
