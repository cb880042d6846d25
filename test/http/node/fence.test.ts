import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const HTTP = fileURLToPath(new URL('../../../src/http', import.meta.url))
const files = readdirSync(HTTP, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)
const isFenced = (file: string) => file.startsWith('node/')
const read = (file: string) => readFileSync(`${HTTP}/${file}`, 'utf8')

/** Names that Node does not document, and ways to change an object that is not ours. */
const UNDOCUMENTED =
  /\b_(?:handle|httpMessage|destroy|parent)\b|detachSocket|destroySoon|pauseOnConnect|http\.server\.connections|\.prototype\b|defineProperty|\.(?:emit|writeHead|closeIdleConnections) = |removeAllListeners/

test.each(files.filter((file) => !isFenced(file)))('%s relies on nothing undocumented', (file) => {
  const code = read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  expect(UNDOCUMENTED.exec(code)?.[0]).toBeUndefined()
})

describe.each(files.filter(isFenced))('%s', (file) => {
  test('says what it relies on, where that was seen to work, and what happens without it', () => {
    const header = /\/\*\*[\s\S]*?\*\//.exec(read(file))?.[0]
    expect(header).toMatch(
      / \* Relies on: [\s\S]* \* Seen to work in: Node [\s\S]* \* Without it: /,
    )
  })

  test('has a test', () => {
    const tests = readdirSync(fileURLToPath(new URL('.', import.meta.url)))
    expect(tests).toContain(file.replace(/^node\/(.*)\.ts$/, '$1.test.ts'))
  })
})
