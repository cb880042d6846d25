import { readFileSync } from 'node:fs'
import type { Runner } from './runners.ts'

/** When the fake timers of the runner are turned on. */
export type Mode = 'real' | 'before' | 'after'

const IMPORTS = `
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'`

const KIT = `
const {
  createTestShutdown, expectBefore, expectCleanEnd, expectCutOff, expectEndWithin, expectOrder,
  expectPlanFits, expectTimeFor, expectTogether, shutdownMatchers,
} = await import('lastcall/testing')
`

/** Writes a line of JSON into the file of results. */
const RECORD = `
const record = (result) => appendFileSync('results.jsonl', JSON.stringify(result) + '\\n')
`

/** The cases as a file of tests of a runner. `gaps` are those that are known to fail in it. */
export function casesFile(runner: Runner, mode: Mode, gaps: readonly string[]): string {
  return inModules(runner, [
    runner.imports,
    runner.matchers ?? '',
    IMPORTS,
    RECORD,
    mode === 'before' ? 'timers.on()' : '',
    KIT,
    mode === 'after' ? 'timers.on()' : '',
    `const mode = '${mode}'`,
    `const hasMatchers = ${runner.matchers !== undefined}`,
    `const gaps = ${JSON.stringify(gaps)}`,
    textOf('cases').replaceAll(/^( *)check\(/gm, '$1recorded('),
    `
function recorded(name, run) {
  check(name, async () => {
    let problem = null
    try {
      await run()
    } catch (error) {
      problem = String(error?.stack ?? error)
    }
    record({ mode, name, problem })
    if (problem !== null && !gaps.includes(name)) assert.fail(problem)
  })
}`,
  ])
}

/** The wrong expectations. */
export function wrongFile(runner: Pick<Runner, 'ending' | 'imports' | 'matchers'>): string {
  const { imports, matchers } = runner
  return inModules(runner, [
    imports,
    "import { once } from 'node:events'",
    "import { createServer } from 'node:net'",
    matchers ?? '',
    KIT,
    `const hasMatchers = ${matchers !== undefined}`,
    matchers === undefined ? '' : 'expect.extend(shutdownMatchers)',
    textOf('wrong'),
  ])
}

/** The matchers in TypeScript. */
export function typesFile(types: string): string {
  return `
import type { Report } from 'lastcall'
import { createTestShutdown, type ShutdownMatchers, shutdownMatchers } from 'lastcall/testing'
${types}
declare const report: Report
expect.extend(shutdownMatchers)
expect(report).toHaveRunInOrder(['http', ['jobs', 'mail'], 'postgres'], { endedBy: 'any' })
expect(report).not.toHaveCutOff('http')
expect(createTestShutdown().shutdown.plan()).toFitIn('10s')
void expect(Promise.resolve(report)).resolves.toHaveEndedClean({ headroom: 20 })
expect({ report }).toEqual({ report: expect.toHaveEndedClean() })
expect({ report }).toEqual({ report: expect.not.toHaveCutOff('http') })
// @ts-expect-error An order is an array.
expect(report).toHaveRunInOrder('http')
// @ts-expect-error It has a name.
expect.toHaveCutOff()
`
}

/** A test that records what the fake timers of the runner reach. */
export function reachFile(runner: Runner): string {
  return inModules(runner, [
    runner.imports,
    IMPORTS,
    "import { setTimeout as namedTimeout } from 'node:timers'",
    "import timersModule from 'node:timers'",
    "import { setTimeout as namedSleep } from 'node:timers/promises'",
    "import promisesModule from 'node:timers/promises'",
    RECORD,
    textOf('reach'),
  ])
}

function textOf(name: string): string {
  return readFileSync(new URL(`texts/${name}.mjs`, import.meta.url), 'utf8')
}

/** Parts of an ES module as one, or as CommonJS if that is what the runner reads. */
function inModules({ ending }: Pick<Runner, 'ending'>, parts: readonly string[]): string {
  const text = parts.join('\n')
  if (!ending.endsWith('.cjs')) return text
  return text
    .replaceAll(/^import (.+) from ('.+')$/gm, (_, names: string, from: string) => {
      return `const ${names.replaceAll(' as ', ': ')} = require(${from})`
    })
    .replaceAll('await import(', 'require(')
}
