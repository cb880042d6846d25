import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

test('editors indent and wrap as the formatter does', () => {
  const { formatter } = JSON.parse(read('biome.json'))
  const settings = read('.editorconfig').match(/^\w+ = \S+$/gm)
  expect(settings).toEqual(
    expect.arrayContaining([
      `indent_style = ${formatter.indentStyle}`,
      `indent_size = ${formatter.indentWidth}`,
      `max_line_length = ${formatter.lineWidth}`,
    ]),
  )
})
