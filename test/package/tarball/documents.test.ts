import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { type Block, blocksOf, brokenLinks, readDocument } from '../../docs/markdown.ts'
import { startProgram } from '../../docs/programs.ts'

const installed = join(inject('application'), 'node_modules/lastcall')
const documents = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => readDocument(file, installed))
const programs = documents.flatMap(blocksOf).filter(({ isProgram }) => isProgram)

describe('the documents in the published package', () => {
  test('are those that the README begins with', () => {
    expect(documents.map(({ file }) => file)).toEqual(
      expect.arrayContaining([
        'README.md',
        'CHANGELOG.md',
        'docs/guide.md',
        'docs/reference/core.md',
      ]),
    )
  })

  test.each(documents.map((document) => [document.file, document] as const))(
    'have no link that leads nowhere: %s',
    (_file, document) => {
      expect(brokenLinks(document, installed)).toEqual([])
    },
  )

  test.each(programs.map((block) => [at(block), block] as const))(
    'have programs that run with the package, and end with 0 on SIGTERM: %s',
    async (_at, block) => {
      const { script } = await startProgram(block, '', installed)
      const { code, stderr } = await script.send('SIGTERM').ended
      expect({ code, stderr }).toMatchObject({ code: 0 })
    },
  )
})

test('a link to a file that is not published is found', () => {
  expect(existsSync(join(installed, 'src'))).toBe(false)
  const document = { file: 'docs/guide.md', text: '[a](../src/index.ts) [b](../README.md#nowhere)' }
  expect(brokenLinks(document, installed)).toEqual(['../src/index.ts', '../README.md#nowhere'])
})

function at({ file, line }: Block): string {
  return `${file}:${line}`
}
