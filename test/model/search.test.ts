import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import {
  alwaysWell,
  late,
  outOfOrder,
  withoutMargin,
  withoutReserves,
  withoutSamePress,
} from './broken.ts'
import { search } from './search.ts'

const BROKEN = {
  alwaysWell,
  late,
  outOfOrder,
  withoutMargin,
  withoutReserves,
  withoutSamePress,
}

test.each(Object.entries(BROKEN))('a core that is broken is found: %s', async (name, perform) => {
  const found = await search({ perform, name, file: './broken.ts' }, { runs: 2000 })
  expect(found?.message).toMatch(/^Run \d+, made smaller \d+ times:/)
  // The same seed and path find it at once.
  const [, seed] = /SEED=(\S+)/.exec(found?.message ?? '') ?? []
  const again = await search({ perform, name, file: './broken.ts' }, { runs: 2000, seed })
  expect(again?.message).toMatch(/^Run 1, made smaller 0 times:/)
  expect(again?.source).toBe(found?.source)
})

test('the case that is printed runs: it fails with the core that was broken, and passes with the real one', async () => {
  const performer = { perform: late, name: 'late', file: './broken.ts' }
  const found = await search(performer, { runs: 2000 })
  const source = found?.source ?? ''
  expect(found?.message).toContain(source)
  const mended = source.replaceAll(
    "{ late } from './broken.ts'",
    "{ perform as late } from './perform.ts'",
  )
  // Beside the model, so that its imports work.
  const folder = mkdtempSync(fileURLToPath(new URL('found-', import.meta.url)))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries({ found: source, mended })) {
    writeFileSync(`${folder}/${name}.test.ts`, text.replaceAll("'./", "'../"))
  }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', folder, '--reporter=json'],
    { env: { PATH: process.env.PATH } },
  ).catch((failed) => failed)
  const { testResults } = JSON.parse(stdout)
  const results = Object.fromEntries(
    testResults.map(({ name, assertionResults: [result] }: FileResult) => [
      name.slice(folder.length + 1),
      result,
    ]),
  )
  expect(results).toMatchObject({
    'found.test.ts': { status: 'failed' },
    'mended.test.ts': { status: 'passed' },
  })
  expect(found?.message).toContain(
    results['found.test.ts'].failureMessages[0].split('\n')[0].replace(/^\w+: /, ''),
  )
})

interface FileResult {
  readonly name: string
  readonly assertionResults: readonly { readonly status: string }[]
}
