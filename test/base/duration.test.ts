import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/base/duration.ts'

test.each([
  [250, 250],
  [0.5, 1, 0],
  ['250ms', 250],
  ['10s', 10_000],
  ['1.5s', 1500],
  ['2m', 120_000],
  ['0s', 0, 0],
])('%s is %i ms', (value, milliseconds, least = 1) => {
  const parsed = parseDuration(value, 'grace', least)
  expect(Math.ceil(parsed)).toBe(milliseconds)
})

test.each([
  '10',
  ' 10s',
  '10S',
  '10s ',
  '1e3ms',
  '.5s',
  '1,5s',
  '10sec',
  'Infinity',
  '0x10ms',
  '10h',
])("'%s' is refused", (value) => {
  expect(() => parseDuration(value, 'grace')).toThrow(/Expected `grace` to be a duration/)
})

test.each([
  [0, '0 ms'],
  [87.4, '87 ms'],
  [999.6, '1 s'],
  [1240, '1.24 s'],
  [10_000, '10 s'],
  [90_000, '1.5 min'],
])('%d is shown as %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})
