import { median } from '../table.ts'
import type { Loss, LossOf } from './lost.ts'
import { CONTESTANTS } from './names.ts'
import type { Protocol } from './processes.ts'

// It has to be read on a phone too, so it is narrow, and shows one protocol of each kind. The tables
// have the others. It has its own background, light or dark as the reader's system is.
export const TITLE = 'Requests lost at SIGTERM, by lastcall and its peers'
const WIDTH = 480
const NAMES_END = 166
const COLUMNS = { http: 176, h2: 280, exit: 392 } as const
const LONGEST_BAR = 44
const FIRST_ROW = 132
const ROW = 24

const STYLE = `
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2937 }
.page { fill: #ffffff; stroke: #d0d7de }
.title { font-size: 16px; font-weight: 600 }
.head, .own { font-weight: 600 }
.quiet { fill: #596272 }
.own { fill: #0b7a53 }
.bad { fill: #b0202c }
.bar { fill: #c7313d }
.line { stroke: #cbd5e1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .page { fill: #0d1117; stroke: #30363d }
  .quiet { fill: #9aa4b0 }
  .own { fill: #4cc38a }
  .bad { fill: #ff8a92 }
  .bar { fill: #ee5a66 }
  .line { stroke: #3d444d }
}`

/** What was lost and how long the exit took, as SVG. */
export function chartOf(losses: LossOf): string {
  const rows = CONTESTANTS.map((contestant, index) => {
    const y = FIRST_ROW + index * ROW
    const http = middlesOf(contestant, losses, 'http')
    const cells = http
      ? [
          lossAt('http', losses, contestant, y),
          lossAt('h2', losses, contestant, y),
          exitAt(http, contestant, y),
        ]
      : [textAt(COLUMNS.http, y, 'failed', 'quiet')]
    return [textAt(NAMES_END, y, contestant, classOf(contestant), 'end'), ...cells].join('\n')
  })
  const height = FIRST_ROW + CONTESTANTS.length * ROW + 2
  const lines = [COLUMNS.http, COLUMNS.h2].map(
    (x) => `<path class="line" d="M${x - 0.5} ${FIRST_ROW - 16}V${height - 14}"/>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH * 1.3}" height="${height * 1.3}">
<title id="title">${TITLE}</title>
<style>${STYLE}
</style>
<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
${textAt(16, 30, 'Requests lost when SIGTERM comes under load', 'title')}
${textAt(16, 52, 'Sent on a live connection and never answered; median of the runs.', 'quiet')}
${textAt(16, 70, '+n: refused before any processing, so safe to send again.', 'quiet')}
${textAt(COLUMNS.http, 104, 'HTTP/1.1', 'head')}
${textAt(COLUMNS.h2, 104, 'HTTP/2, TLS', 'head')}
${textAt(COLUMNS.exit, 104, 'to exit', 'head')}
${[...lines, ...rows].join('\n')}
</svg>
`
}

/** The medians of a contestant's runs; `undefined` where there was none. */
function middlesOf(contestant: string, losses: LossOf, protocol: Protocol) {
  const runs = losses[protocol].find((one) => one.contestant === contestant)?.results ?? []
  if (runs.length === 0) return undefined
  const middle = (key: 'lost' | 'refused' | 'elapsed') => median(runs.map((run: Loss) => run[key]))
  return {
    lost: middle('lost'),
    refused: middle('refused'),
    elapsed: middle('elapsed'),
    how: runs[0]?.how ?? '',
  }
}

function lossAt(protocol: 'http' | 'h2', losses: LossOf, contestant: string, y: number): string {
  const middles = middlesOf(contestant, losses, protocol)
  const x = COLUMNS[protocol]
  if (!middles) return textAt(x + 5, y, 'failed', 'quiet')
  const most = Math.max(...CONTESTANTS.map((one) => middlesOf(one, losses, protocol)?.lost ?? 0), 1)
  const bar = (LONGEST_BAR * middles.lost) / most
  const refused =
    middles.refused > 0 ? `<tspan class="quiet" dx="5">+${middles.refused.toFixed(0)}</tspan>` : ''
  const shown = `<tspan class="${classOf(contestant)}">${middles.lost.toFixed(0)}</tspan>${refused}`
  return `<rect class="bar" x="${x}" y="${y - 10}" width="${bar.toFixed(1)}" height="12"/>
${textAt(x + bar + 5, y, shown)}`
}

function exitAt({ elapsed, how }: { elapsed: number; how: string }, contestant: string, y: number) {
  const time = elapsed < 1000 ? `${elapsed.toFixed(0)} ms` : `${(elapsed / 1000).toFixed(0)} s`
  if (how === 'code 0') return textAt(COLUMNS.exit, y, time, classOf(contestant))
  const why = how.startsWith('SIG') ? 'signal' : how.startsWith('killed') ? 'killed' : how
  return textAt(COLUMNS.exit, y, `${time}<tspan class="bad" dx="4">${why}</tspan>`)
}

function classOf(contestant: string): string {
  return contestant === 'lastcall' ? 'own' : ''
}

function textAt(x: number, y: number, content: string, className = '', anchor = 'start'): string {
  return `<text x="${x}" y="${y}" class="${className}" text-anchor="${anchor}">${content}</text>`
}
