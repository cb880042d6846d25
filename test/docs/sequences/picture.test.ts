import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { embed, pictureOf, WIDTHS } from '../../../examples/sequences/draw.ts'
import { layoutOf } from '../../../examples/sequences/layout.ts'
import { checkSequence, type Sequence } from '../../../examples/sequences/sequence.ts'
import { BROWSER, Browser } from '../../support/clients/browser.ts'
import { FINE, LOOK, type Look } from '../../support/clients/look.ts'
import { folder } from '../../support/programs/command-line.ts'
import { ROOT } from '../markdown.ts'

/** All that a picture can have, and more of it than any should: many lanes, long names, many things at once. */
const FULL: Sequence = {
  title:
    'A title that is so long that it takes more than one line, also on a page as wide as this one is',
  about: 'An account of what was run here: <b>where</b>, with what & when; '.repeat(3),
  lanes: Array.from({ length: 8 }, (_, index) => ({
    id: `lane ${index}`,
    name: ['PostgreSQL', 'the controller of endpoints', 'shop (PID 1)'][index % 3] ?? '',
    group: index < 4 ? 'the exec form' : 'the shell form',
    isStandIn: index === 1,
  })),
  spans: (['up', 'leaving', 'ending', 'idle', 'bad'] as const).map((state, index) => ({
    lane: `lane ${index}`,
    from: index * 100,
    to: 30_000 - index,
    state,
    label: `is in the state ${state}`,
  })),
  events: Array.from({ length: 24 }, (_, index) => ({
    at: index < 12 ? -5000 + index : index * 1200.4,
    lane: `lane ${index % 8}`,
    ...(index % 3 === 0 ? {} : { to: `lane ${(index * 5) % 8}` }),
    label: 'Something happens, and it takes a whole sentence to tell what that is'.slice(index * 2),
    ...([{}, { tone: 'good' }, { tone: 'warn' }, { tone: 'bad' }, { isRead: true }] as const)[
      index % 5
    ],
  })),
}

const SMALL: Sequence = {
  title: 'Little',
  about: 'One thing',
  lanes: [{ id: 'a', name: 'a' }],
  spans: [],
  events: [{ at: 0, lane: 'a', label: 'it ends' }],
}

const committed = readdirSync(`${ROOT}docs/sequences`)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(`${ROOT}docs/sequences/${name}`, 'utf8'))])
const pictures: readonly (readonly [string, Sequence])[] = [
  ['all that there can be', FULL],
  ['next to nothing', SMALL],
  ...(committed as [string, Sequence][]),
]

const needs = BROWSER ? '' : ' (needs chromium)'

describe.skipIf(!BROWSER && !process.env.CI)(`a sequence in a real browser${needs}`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await Browser.start()
  })
  afterAll(() => browser?.close())

  test.each(pictures)('%s is whole, and no text is on another', async (_, sequence) => {
    const file = join(folder(), 'picture.svg')
    for (const width of Object.values(WIDTHS)) {
      writeFileSync(file, pictureOf(sequence, width))
      for (const scheme of ['light', 'dark'] as const) {
        const view = { width, scheme }
        const { answer, ...seen } = await browser.look<Look>(file, view, LOOK)
        expect({ view, ...seen }).toEqual({ view, complaints: [], requests: [] })
        expect({ view, ...answer }).toMatchObject({ view, ...FINE })
        expect(answer.texts).toBeGreaterThan(sequence.events.length)
      }
    }
  })

  test.each([
    [360, 'narrow'],
    [600, 'narrow'],
    [768, 'wide'],
    [1280, 'wide'],
  ] as const)('a page of %d pixels shows the %s one, hardly made smaller', async (width, kind) => {
    const at = folder()
    writeFileSync(join(at, 'a.svg'), pictureOf(SMALL, WIDTHS.wide))
    writeFileSync(join(at, 'a-narrow.svg'), pictureOf(SMALL, WIDTHS.narrow))
    const page = join(at, 'page.html')
    const style = 'body { margin: 0 8px } img { max-width: 100% }'
    const head = `<!doctype html><meta name="viewport" content="width=device-width"><style>${style}</style>`
    writeFileSync(page, `${head}${embed('a.svg', 'a "small" <one>')}`)
    const shown = `(() => {
      const { width, naturalWidth, alt } = document.querySelector('img')
      return { naturalWidth, alt, scale: width / naturalWidth }
    })()`
    const { answer } = await browser.look<{ scale: number }>(
      page,
      { width, scheme: 'light' },
      shown,
    )
    expect(answer).toMatchObject({ naturalWidth: WIDTHS[kind], alt: 'a "small" <one>' })
    expect(answer.scale).toBeGreaterThan(0.9)
  })
})

test('every word is in the picture, and none of it is markup', () => {
  for (const width of Object.values(WIDTHS)) {
    const source = pictureOf(FULL, width)
    const shown = source
      .slice(source.indexOf('</style>'))
      .replace(/<title>.*?<\/title>/g, '')
      .replace(/<[^>]+>/g, ' ')
    const words = [FULL.title, FULL.about, ...FULL.events.map(({ label }) => label)]
    for (const said of words.flatMap((text) => text.split(' '))) {
      expect(shown).toContain(
        said.replace('&', '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'),
      )
    }
    expect(shown).not.toContain('…')
  }
})

test('it is told in words, too, in the order in which it happened', () => {
  const told = pictureOf({
    ...SMALL,
    lanes: [
      { id: 'a', name: 'Docker' },
      { id: 'b', name: 'shop', isStandIn: true },
    ],
    events: [
      { at: 1240, lane: 'b', label: 'exit code 0', isRead: true },
      { at: 0, lane: 'a', to: 'b', label: 'SIGTERM' },
    ],
  })
  expect(told).toContain(
    '<desc id="description">One thing. 0 ms: Docker → shop (stand-in): SIGTERM; 1.24 s: shop (stand-in): read: exit code 0</desc>',
  )
})

/** Where things that happen at these times stand, below and above. */
function rowsOf(times: readonly number[]) {
  const events = times.map((at) => ({ at, lane: 'a', label: 'it goes on' }))
  const { rows, scale } = layoutOf({ ...SMALL, events }, WIDTHS.wide)
  if (!rows) throw new Error('there is nothing below')
  return { ...rows, xOf: scale.xOf }
}

test('where nothing happened but that states changed there is nothing below, and the states are told', () => {
  const spans = [{ lane: 'a', from: 0, to: 40, state: 'up', label: 'serves' }] as const
  const calm = { ...SMALL, events: [], spans }
  expect(layoutOf(calm, WIDTHS.wide).rows).toBeUndefined()
  const picture = pictureOf(calm)
  expect(picture).toContain('<desc id="description">One thing. a serves: 0 ms to 40 ms</desc>')
  expect(picture).not.toContain('above to scale, below in order')
})

test('below, what happens with an event is at its row, and what is between two is between theirs', () => {
  const { events, yOf } = rowsOf([0, 100, 900])
  const [, second, third] = events.map(({ y }) => y)
  expect([yOf(100), yOf(900)]).toEqual([second, third])
  expect(yOf(500)).toBeGreaterThan(second ?? Number.NaN)
  expect(yOf(500)).toBeLessThan(third ?? Number.NaN)
})

test('a wait that is cut short says how long it was, and above it is as long as it was', () => {
  const { breaks, events, xOf } = rowsOf([0, 40, 10_040])
  expect(breaks.map(({ text }) => text)).toEqual(['10 s later'])
  const [first, second, third] = events.map(({ y }) => y) as [number, number, number]
  expect(third - second).toBeLessThan(3 * (second - first))
  expect((xOf(10_040) - xOf(40)) / (xOf(40) - xOf(0))).toBeCloseTo(250)
})

test.each([
  [{ events: [{ at: 0, lane: 'a', to: 'b', label: 'x' }] }, "Little: there is no lane 'b', but a"],
  [{ events: [{ at: Number.NaN, lane: 'a', label: 'x' }] }, 'every time must be a number'],
  [{ events: [] }, 'there must be one'],
  [
    { spans: [{ lane: 'a', from: 2, to: 1, state: 'up' as const, label: 'serves' }] },
    "'serves' ends before it begins",
  ],
])('what cannot be drawn is refused: %j', (part, message) => {
  expect(() => checkSequence({ ...SMALL, ...part })).toThrow(message)
})
