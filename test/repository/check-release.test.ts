import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const PROGRAM = new URL('../../.ci/check-release.mjs', import.meta.url)
const repository = 'github:acme/lastcall'

/** What the program says of a release with this tag, package.json and first entry of the changelog. */
async function check(tag: string, manifest: object, heading: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-release-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, '.ci'))
  copyFileSync(PROGRAM, join(folder, '.ci/check-release.mjs'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(
    join(folder, 'CHANGELOG.md'),
    `# Changelog\n\n${heading}\n\n## [0.1.0] - 2026-01-31\n`,
  )
  const run = promisify(execFile)(process.execPath, [join(folder, '.ci/check-release.mjs'), tag])
  const { code, stderr } = await run.then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error) => error as { code: number; stderr: string },
  )
  expect(code).toBe(stderr === '' ? 0 : 1)
  return stderr
}

test('a release whose tag, version and changelog agree may go out', async () => {
  expect(await check('v1.2.3', { version: '1.2.3', repository }, '## [1.2.3] - 2026-02-01')).toBe(
    '',
  )
})

test('everything that does not agree is named', async () => {
  expect(await check('v1.2.4', { version: '1.2.3' }, '## [1.2.2] - 2026-02-01')).toBe(
    [
      'the tag is v1.2.4, and package.json has the version 1.2.3',
      "the first entry of CHANGELOG.md is '## [1.2.2] - 2026-02-01', and the version is 1.2.3",
      'package.json has no repository: npm needs it for the provenance',
      '',
    ].join('\n'),
  )
  expect(await check('v1.2.3', { version: '1.2.3', repository }, '## [1.2.3] - unreleased')).toBe(
    "'## [1.2.3] - unreleased' in CHANGELOG.md has no date such as 2026-01-31\n",
  )
})
