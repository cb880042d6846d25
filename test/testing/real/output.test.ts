import { expect, test } from 'vitest'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { Output, OutputSearch } from '../../../src/testing/real/output.ts'
import { node } from './programs.ts'

/** How often a search finds something while these chunks arrive. */
function found(what: string | RegExp, chunks: readonly string[]): boolean[] {
  const output = new Output()
  const search = new OutputSearch(output, what)
  return chunks.map((chunk) => {
    output.add(chunk)
    return search.finds()
  })
}

const NOISE = 'x'.repeat(100_000)

test.each<[string, string | RegExp, string[], boolean[]]>([
  ['in one chunk', 'ready', ['not yet ', 'ready'], [false, true]],
  ['over chunks', 'listening on 3000', ['liste', 'ning on ', '3000'], [false, false, true]],
  ['after much else', 'ready', [NOISE, NOISE, 're', 'ady'], [false, false, false, true]],
  ['by an expression', /on \d+$/, [NOISE, 'on ', '3000'], [false, false, true]],
  ['at the beginning of a line', /^ready/m, [`${NOISE}\n`, 'ready'], [false, true]],
  ['not within a line', /^ready/m, [NOISE, 'ready'], [false, false]],
  ['at the beginning of the output', /^ready/, ['rea', 'dy'], [false, true]],
  [
    'not where the search begins again',
    /^x/,
    ['y', NOISE, NOISE, NOISE],
    [false, false, false, false],
  ],
  ['after a character', /(?<=\n)ready/, [`${NOISE}\n`, 'ready'], [false, true]],
])('what is looked for is found %s', (_, what, chunks, expected) => {
  expect(found(what, chunks)).toEqual(expected)
})

test('a match that is longer than what is searched again is found once the output has doubled', () => {
  const chunks = ['begin', NOISE, NOISE, 'end', NOISE, NOISE, NOISE, NOISE]
  expect(found(/begin.*end/, chunks).at(-1)).toBe(true)
})

test('the text is that of all chunks, and of those from a position on', () => {
  const output = new Output()
  expect(output.text).toBe('')
  for (const chunk of ['abc', 'def', 'ghi']) output.add(chunk)
  expect([0, 2, 3, 5, 9].map((position) => output.from(position))).toEqual([
    'abcdefghi',
    'cdefghi',
    'defghi',
    'fghi',
    '',
  ])
  expect(output.text).toBe('abcdefghi')
  expect(output.length).toBe(9)
})

test('each character is searched a few times, however many chunks there are', () => {
  const output = new Output()
  let read = 0
  const from = output.from.bind(output)
  output.from = (position) => {
    const text = from(position)
    read += text.length
    return text
  }
  const search = new OutputSearch(output, 'ready')
  for (let chunk = 0; chunk < 1000; chunk++) {
    output.add('x'.repeat(64 * 1024))
    expect(search.finds()).toBe(false)
  }
  expect(read / output.length).toBeLessThan(5)
})

test('a program that writes 20 MB before it is ready is stopped as any other', async () => {
  const code = `
    const line = 'x'.repeat(999) + '\\n'
    let n = 0
    const more = () => {
      while (n++ < 20_000) if (!process.stdout.write(line)) return process.stdout.once('drain', more)
      process.stdout.write('räd')
      process.stdout.write('y')
    }
    process.on('SIGTERM', () => process.exit(0))
    setInterval(() => {}, 1000)
    more()`
  const stopped = await stopLikeDocker(node(code), { ready: 'rädy' })
  expect(stopped).toMatchObject({ code: 0, killed: false })
  expect(stopped.stdout.length).toBe(20_000_004)
})
