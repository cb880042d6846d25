import { expect, test } from 'vitest'
import { columnsOf, shorten, wrap } from '../../src/text/width.ts'

test.each([
  ['plain', 5],
  ['grün', 4],
  ['e\u0301', 1],
  ['注文', 4],
  ['한글', 4],
  ['ﾊﾝｶｸ', 4],
  ['🚀', 2],
  ['❤️', 2],
  ['👩‍👩‍👧', 2],
  ['→ ✗ █░┤', 7],
])('%s takes %i columns', (text, columns) => {
  expect(columnsOf(text)).toBe(columns)
})

test('what is shortened ends with …, and within a wide character before it', () => {
  expect(shorten('postgres', 8)).toBe('postgres')
  expect(shorten('postgres', 5)).toBe('post…')
  expect(shorten('注文キュー', 6)).toBe('注文…')
  expect(shorten('postgres', 0)).toBe('')
})

test('lines are broken between words, not before a unit, and within what is longer than a line', () => {
  expect(wrap('cut off after 6.08 s of the run', 18)).toEqual([
    'cut off after',
    '6.08 s of the run',
  ])
  expect(wrap('  a: bb ccc', 7, '    ')).toEqual(['  a: bb', '    ccc'])
  expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh'])
  expect(wrap('', 3)).toEqual([])
})
