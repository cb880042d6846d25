import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { expect, inject, test } from 'vitest'
import { ENTRIES } from '../../support/programs/entries.ts'

const run = promisify(execFile)

/** As much as is needed of what attw prints. */
interface Attw {
  readonly analysis: {
    readonly entrypoints: Readonly<
      Record<
        string,
        {
          readonly resolutions: Readonly<
            Record<string, { isWildcard?: boolean; resolution?: unknown }>
          >
        }
      >
    >
    readonly problems: readonly { readonly kind: string }[]
  }
}

test('publint has nothing to say, not even a suggestion', async () => {
  const { buffer } = readFileSync(inject('tarball'))
  const { messages, pkg } = await publint({
    pack: { tarball: buffer as ArrayBuffer },
    strict: true,
    level: 'suggestion',
  })
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
})

test('types are found by node10, node16 in both kinds of module, and bundlers, and fit the code', async () => {
  // No rule is ignored; package.json, an entry of no types, is left out.
  const args = [inject('tarball'), '--format', 'json', '--exclude-entrypoints', 'package.json']
  const { stdout } = await run('node_modules/.bin/attw', args).catch((error) => error)
  const { analysis } = JSON.parse(stdout) as Attw
  expect(analysis.problems).toEqual([])
  const found = Object.entries(analysis.entrypoints).map(([path, { resolutions }]) => [
    path.replace('.', 'lastcall'),
    Object.entries(resolutions).flatMap(([way, { resolution }]) => (resolution ? [way] : [])),
  ])
  const ways = ['node10', 'node16-cjs', 'node16-esm', 'bundler']
  expect(found).toEqual(ENTRIES.map(({ name }) => [name, ways]))
})
