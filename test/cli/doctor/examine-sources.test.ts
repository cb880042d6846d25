import { expect, test } from 'vitest'
import { shutdownCalls } from '../../../src/cli/doctor/application/read-source.ts'
import { Results } from '../../../src/cli/doctor/examine-context.ts'
import { reportForgottenListen } from '../../../src/cli/doctor/examine-sources.ts'
import { SourceFile } from '../../../src/cli/doctor/parse/source.ts'

/** The lines at which the rule reports something, in sources named a.ts, b.ts and so on. */
function reported(...texts: readonly string[]): string[] {
  const sources = texts.map((text, at) => new SourceFile(`${'abc'[at]}.ts`, text))
  const results = new Results()
  reportForgottenListen(sources, sources.flatMap(shutdownCalls), results)
  return results.findings.map(({ rule, severity, file, line }) => {
    expect(rule).toBe('listen-forgotten')
    expect(severity).toBe('error')
    return `${file}:${line}`
  })
}

const CREATES =
  "import { createShutdown } from 'lastcall'\nexport const shutdown = createShutdown({ grace: '10s' })\nshutdown.add(hooks)\n"

test.each([
  [CREATES],
  [`${CREATES}server.listen(8080)`],
  [`${CREATES}const began = Date.now(); performance.now()`],
  [`${CREATES}// shutdown.listen()`],
])('a shutdown that no source listens with is reported: %j', (text) => {
  expect(reported(text)).toEqual(['a.ts:2'])
})

test.each([
  [CREATES, 'shutdown.listen()'],
  [CREATES, 'shutdown\n  .listen()'],
  [CREATES, "await shutdown.now('done')"],
  [CREATES, 'shutdown?.now()'],
  ["createShutdown({ grace: '10s' }).listen()", ''],
  ['const shutdown = createShutdown({ exit: false })', ''],
  ['const shutdown = createShutdown({ signals: [] })', ''],
  ['const shutdown = createShutdown({ signals: { on: [] } })', ''],
  ['console.log("createShutdown")', ''],
  [`// lastcall-ignore listen-forgotten: the framework calls it\nconst s = createShutdown()`, ''],
])('a shutdown that begins somewhere is not: %j', (...texts) => {
  expect(reported(...texts)).toEqual([])
})
