import type { Report } from '../../engine/report.ts'
import { condense } from '../../picture/condense.ts'
import { chartOf } from './chart.ts'
import { Markup, markup } from './markup.ts'
import { STYLE, withPlainColors } from './style.ts'
import { linesOf, shortenTo } from './text-size.ts'
import { accountOf, factsOf, headlineOf, summaryOf, titleOf } from './words.ts'

const WIDTH = 960
const EDGE = 24
const INNER = WIDTH - 2 * EDGE

/** More notes would hide the chart. The page has all of them. */
const MOST_LINES = 10

/** Draws a report as an image, for a document or a chat. It is light or dark like its surroundings. */
export function imageOf(whole: Report): string {
  const { report, rest } = condense(whole)
  const facts = factsOf(report)
  const chart = chartOf(report, INNER, 'c')
  const lines = [...rest.map((line) => markup`${line}`), ...notesOf(report)]
  const chartAt = 84
  const notesAt = chartAt + chart.height + 22
  const height = Math.ceil(notesAt + lines.length * 20 + (lines.length === 0 ? -8 : 6))
  const notes = lines.map((line, index) => {
    return markup`<text class="small" x="${EDGE + 12}" y="${notesAt + 8 + index * 20}">${line}</text>`
  })
  const svg = markup`
    <svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img"
      aria-labelledby="title description" viewBox="0 0 ${WIDTH} ${height}"
      width="${WIDTH}" height="${height}">
      <title id="title">${headlineOf(report)}</title>
      <desc id="description">${[...facts, summaryOf(whole)].join('; ')}</desc>
      <style>${new Markup(withPlainColors(STYLE))}</style>
      <rect class="page" width="${WIDTH}" height="${height}" rx="8"/>
      <text class="title" x="${EDGE}" y="38">${title(report)}</text>
      <text class="quiet small" x="${EDGE}" y="60">${shortenTo(facts.join('  ·  '), 12, INNER)}</text>
      <g transform="translate(${EDGE} ${chartAt})">${chart.content}</g>
      ${notes}
    </svg>`
  return `${svg.source}\n`
}

function title(report: Report): Markup {
  const { reason, outcome, code } = titleOf(report)
  const kind = { clean: 'is-clean', 'cut off': 'is-cut' }[outcome] ?? 'is-failed'
  const arrow = markup`<tspan class="quiet"> → </tspan>`
  return markup`
    <tspan>${shortenTo(reason, 19, 520)}</tspan>${arrow}
    <tspan class="${kind}">${shortenTo(outcome, 19, 120)}</tspan>${arrow}
    <tspan>${code}</tspan>`
}

function notesOf(report: Report): Markup[] {
  const notes = accountOf(report).flatMap(({ who, what, kind }) => {
    const name = `${shortenTo(who, 12, 220)}: `
    const classOf = { cut: 'is-cut', failed: 'is-failed', note: 'quiet' }[kind]
    return linesOf(name + what, 12, INNER - 24, 2).map((line, index) =>
      index === 0 && line.startsWith(name)
        ? markup`<tspan class="${classOf}">${name}</tspan>${line.slice(name.length)}`
        : markup`${line}`,
    )
  })
  if (notes.length <= MOST_LINES) return notes
  const shown = notes.slice(0, MOST_LINES - 1)
  return [...shown, markup`… and ${notes.length - shown.length} more lines`]
}
