import { expect, test } from 'vitest'
import { escapeControls, escapeLine, printable } from '../../src/text/printable.ts'

test.each([
  ['\u001b[31mred\u001b[39m', 'red'],
  ['\u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'link'],
  ['\u001b]0;never ended', ''],
  ['\u001bPq#0\u001b\\after', 'after'],
  ['\u009b2Jcleared', 'cleared'],
  ['\u001bcreset', 'reset'],
  ['a\tb\r\nc', 'a b c'],
  ['bell\u0007', 'bell\\u0007'],
  ['del\u007f', 'del\\u007f'],
  ['\u202etxt.exe', '\\u202etxt.exe'],
  ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
  ['lone \ud83d', 'lone \\ud83d'],
  ['👩‍👩‍👧', '👩‍👩‍👧'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('a message keeps its lines and its tabs, and no further line begins at the margin', () => {
  expect(escapeControls('a\tb\r\nlastcall: c\n  d\u001b\u2028\u00ad')).toBe(
    'a\tb\n  lastcall: c\n  d\\u001b\\u2028\\u00ad',
  )
})

test('a name on one line keeps no line break', () => {
  expect(escapeLine('a\nb\u001b[31m\u{1d173}👩‍👧')).toBe('a\\u000ab\\u001b[31m\\u1d173👩‍👧')
})
