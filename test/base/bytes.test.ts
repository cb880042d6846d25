import { expect, test } from 'vitest'
import { formatBytes } from '../../src/base/bytes.ts'

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [812, '812 bytes'],
  [999, '999 bytes'],
  [1000, '1 kB'],
  [1499, '1 kB'],
  [1500, '2 kB'],
  [138_928, '139 kB'],
  [999_499, '999 kB'],
  [999_500, '1 MB'],
  [1_049_999, '1 MB'],
  [2_868_928, '2.9 MB'],
  [16_777_216, '16.8 MB'],
  [2_500_000_000, '2500 MB'],
])('%i bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
