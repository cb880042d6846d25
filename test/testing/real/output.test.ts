import { describe, expect, test } from 'vitest'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { Output, parsePattern } from '../../../src/testing/real/output.ts'
import { node } from './programs.ts'

/** After how many of these pieces the pattern is found; `undefined` if it is not. */
function foundAfter(what: string | RegExp, pieces: readonly string[]): number | undefined {
  const output = new Output()
  const search = output.search(parsePattern(what))
  const found = pieces.findIndex((piece, index) => {
    output.add(piece)
    return search.isFound(index === pieces.length - 1)
  })
  return found === -1 ? undefined : found + 1
}

describe('a search in growing text', () => {
  test.each([
    ['a text over two pieces', 'ready', ['re', 'ady']],
    ['a text of one character', 'y', ['read', 'y']],
    ['a pattern over two pieces', /listening on \d+$/m, ['listening ', 'on 3000\n']],
    ['a line that begins with a piece', /^ready$/m, ['a\n', 'ready\n']],
    ['the beginning of all', /^ready/, ['rea', 'dy']],
    ['a pattern that goes on where it was', /\d/y, ['a', '1'].reverse()],
    [
      'a match that is longer than what is searched again',
      /^begin[\s\S]*end$/,
      ['begin', ...Array.from({ length: 50 }, () => 'x'.repeat(10_000)), 'end'],
    ],
  ])('finds %s', (_what, pattern, pieces) => {
    expect(foundAfter(pattern, pieces)).toBe(pattern.toString() === '/\\d/y' ? 1 : pieces.length)
  })

  test('finds no beginning in the middle', () => {
    const long = 'x'.repeat(70_000)
    expect(foundAfter(/^ready/, [long, long, 'ready'])).toBeUndefined()
    expect(foundAfter(/^ready/m, [long, long, 'ready'])).toBeUndefined()
    expect(foundAfter(/^ready/m, [long, `${long}\n`, 'ready'])).toBe(3)
  })

  test('finds what was there before it began', () => {
    const output = new Output()
    output.add('listening on')
    const search = output.search(parsePattern('on 3000'))
    expect(search.isFound(false)).toBe(false)
    output.add(' 3000')
    expect(search.isFound(false)).toBe(true)
    expect(output.search(parsePattern(/listening/)).isFound(false)).toBe(true)
  })
})

test('of very much output the end is kept, and a line says so', () => {
  const output = new Output(100)
  for (let line = 0; line < 30; line++) output.add(`line ${line}\n`)
  expect(output.text).toMatch(/^… \(\d+ characters are left out\)\n[\s\S]*line 29\n$/)
  expect(output.text.length).toBeLessThan(160)
})

test('40 MB of output before `ready` take little time, and the loop goes on', async () => {
  const program = node(`
    process.on('SIGTERM', () => process.exit(0))
    setInterval(() => {}, 1000)
    const line = 'x'.repeat(99) + '\\n'
    for (let count = 0; count < 40; count++) process.stdout.write(line.repeat(10_000))
    process.stdout.write('rea', () => process.stdout.write('dy é\\n'))
  `)
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  const began = performance.now()
  const { code, stdout } = await stopLikeDocker(program, { ready: /^ready é$/m })
  clearInterval(timer)
  expect(code).toBe(0)
  expect(stdout.length).toBe(40_000_008)
  expect(performance.now() - began).toBeLessThan(8000)
  expect(longest).toBeLessThan(1000)
})

test('a character that is split over two pieces is whole', async () => {
  const program = node(`
    import { writeSync } from 'node:fs'
    import { setTimeout } from 'node:timers/promises'
    process.on('SIGTERM', () => process.exit(0))
    setInterval(() => {}, 1000)
    for (const byte of Buffer.from('prêt ✓')) {
      writeSync(1, Buffer.of(byte))
      await setTimeout(5)
    }
  `)
  const { stdout } = await stopLikeDocker(program, { ready: 'prêt ✓' })
  expect(stdout).toBe('prêt ✓')
})
