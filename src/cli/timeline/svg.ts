import type { Report } from '../../engine/report.ts'
import { chartOf } from './chart.ts'
import { element, join, Markup } from './markup.ts'
import { STYLE, withPlainColors } from './style.ts'
import { linesOf, shortenTo } from './text-size.ts'
import { accountOf, factsOf, summaryOf, titleOf } from './words.ts'

const WIDTH = 960
const EDGE = 24

/** More notes would hide the chart. The page has all of them. */
const MOST_LINES = 10

/** Draws a report as an image, for a document or a chat. It is light or dark like its surroundings. */
export function imageOf(report: Report): string {
  const inner = WIDTH - 2 * EDGE
  const { reason, outcome, code } = titleOf(report)
  const chart = chartOf(report, inner, 'c')
  const lines = notesOf(report, inner)
  const chartAt = 84
  const notesAt = chartAt + chart.height + 22
  const height = notesAt + lines.length * 20 + (lines.length === 0 ? -8 : 6)
  const description = [...factsOf(report), summaryOf(report)].join('; ')
  const svg = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'chart',
      role: 'img',
      'aria-labelledby': 'title description',
      viewBox: `0 0 ${WIDTH} ${Math.ceil(height)}`,
      width: WIDTH,
      height: Math.ceil(height),
    },
    element('title', { id: 'title' }, `${reason} → ${outcome} → ${code}`),
    element('desc', { id: 'description' }, description),
    // Our own text: nothing of the report is in it. Escaped, a style sheet in HTML would not work.
    new Markup(`<style>${withPlainColors(STYLE)}</style>`),
    element('rect', { class: 'page', width: WIDTH, height: Math.ceil(height), rx: 8 }),
    element('text', { class: 'title', x: EDGE, y: 38 }, ...title(reason, outcome, code)),
    element(
      'text',
      { class: 'quiet small', x: EDGE, y: 60 },
      shortenTo(factsOf(report).join('  ·  '), 12, inner),
    ),
    element('g', { transform: `translate(${EDGE} ${chartAt})` }, chart.content),
    ...lines.map((line, index) =>
      element('text', { class: 'small', x: EDGE + 12, y: notesAt + 8 + index * 20 }, line),
    ),
  )
  return `${svg.source}\n`
}

function title(reason: string, outcome: string, code: string): Markup[] {
  const kind = { clean: 'is-clean', 'cut off': 'is-cut' }[outcome] ?? 'is-failed'
  return [
    element('tspan', {}, shortenTo(reason, 19, 520)),
    element('tspan', { class: 'quiet' }, ' → '),
    element('tspan', { class: kind }, shortenTo(outcome, 19, 120)),
    element('tspan', { class: 'quiet' }, ' → '),
    element('tspan', {}, code),
  ]
}

function notesOf(report: Report, length: number): Markup[] {
  const said = accountOf(report).flatMap(({ who, what, kind }) => {
    const name = shortenTo(who, 12, 220)
    const classOf = { cut: 'is-cut', failed: 'is-failed', note: 'quiet' }[kind]
    return linesOf(`${name}: ${what}`, 12, length - 24, 2).map((line, index) =>
      index === 0 && line.startsWith(`${name}: `)
        ? join([element('tspan', { class: classOf }, `${name}: `), line.slice(name.length + 2)])
        : join([line]),
    )
  })
  if (said.length <= MOST_LINES) return said
  return [
    ...said.slice(0, MOST_LINES - 1),
    join([`… and ${said.length - MOST_LINES + 1} more lines`]),
  ]
}
