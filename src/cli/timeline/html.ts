import { createHash } from 'node:crypto'
import { formatDuration } from '../../base/duration.ts'
import type { ErrorInfo } from '../../base/thrown.ts'
import type { Report } from '../../engine/report.ts'
import { condense } from '../../picture/condense.ts'
import { hangLines } from '../../picture/report-words.ts'
import { chartOf } from './chart.ts'
import { Markup, markup } from './markup.ts'
import { STYLE } from './style.ts'
import { accountOf, factsOf, headlineOf, summaryOf, titleOf } from './words.ts'

/** Draws a report as a page: one file that loads nothing and runs no script. */
export function pageOf(whole: Report): string {
  const { report, rest } = condense(whole)
  const style = `${STYLE}\n${PAGE_STYLE}`
  const page = markup`
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${policyFor(style)}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <link rel="icon" href="data:,">
        <title>${headlineOf(report)}</title>
        <style>${new Markup(style)}</style>
      </head>
      <body>
        <main>
          ${headerOf(report, summaryOf(whole))}
          ${report.phases.length === 0 ? undefined : figureOf(report, summaryOf(whole))}
          ${rest.map((line) => markup`<p>${line}</p>`)}
          ${accountSection(report)}
          ${errorsSection(report)}
          ${tableSection(report)}
          <footer>Times count from the start of the shutdown. Drawn by lastcall.</footer>
        </main>
      </body>
    </html>`
  return `<!doctype html>\n${page.source}\n`
}

/** Forbids the page to load or run anything, whatever the report contains. The style is allowed by its hash. */
function policyFor(style: string): string {
  const hash = createHash('sha256').update(style).digest('base64')
  return `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`
}

function headerOf(report: Report, summary: string): Markup {
  const { reason, outcome, code } = titleOf(report)
  const arrow = markup`<span class="arrow"> → </span>`
  const kind = { clean: 'good', 'cut off': 'cut-ink' }[outcome] ?? 'bad'
  return markup`
    <header>
      <h1>
        ${reason}${arrow}<span class="${kind}">${outcome}</span>${arrow}<span class="code">${code}</span>
      </h1>
      <p class="facts">${factsOf(report).map((fact) => markup`<span>${fact}</span>`)}</p>
      <p>${summary}</p>
    </header>`
}

/** One chart for each kind of screen, so that letters keep their size. Only one of them is shown and read out. */
const WIDTHS = { phone: 360, tablet: 680, desk: 1040 } as const

function figureOf(report: Report, summary: string): Markup {
  const charts = Object.entries(WIDTHS).map(([screen, width]) => {
    const { height, content } = chartOf(report, width, screen)
    return markup`
      <svg class="chart ${screen}" role="img"
        aria-labelledby="${screen}-title ${screen}-description"
        viewBox="0 0 ${width} ${Math.ceil(height)}">
        <title id="${screen}-title">${headlineOf(report)}</title>
        <desc id="${screen}-description">${summary} The table below has the same.</desc>
        ${content}
      </svg>`
  })
  return markup`<figure>${charts}</figure>`
}

function accountSection(report: Report): Markup | undefined {
  const rowOf = (who: string, what: string, kind: string) =>
    markup`<dt class="${kind}">${who}</dt><dd>${what}</dd>`
  const account = accountOf(report).map(({ who, what, kind }) =>
    rowOf(who, what, { cut: 'cut-ink', failed: 'bad', note: '' }[kind]),
  )
  const hooks = report.phases.flatMap((phase) => phase.hooks)
  const hangs = hooks.flatMap((hook) => {
    const lines = hangLines(hook)
    return lines.length === 0 ? [] : [rowOf(hook.name, lines.join('\n'), 'cut-ink')]
  })
  const all = [...account, ...hangs]
  return all.length === 0 ? undefined : markup`<h2>What happened</h2><dl>${all}</dl>`
}

function errorsSection(report: Report): Markup | undefined {
  const faults = report.faults.map(({ origin, at, error }, index) => ({
    who: `fault ${index + 1}, ${origin} at ${formatDuration(at)}:`,
    error,
  }))
  const failed = report.phases.flatMap(({ hooks }) =>
    hooks.flatMap(({ name, status, error }) =>
      status === 'failed' && error ? [{ who: name, error }] : [],
    ),
  )
  const all = [...faults, ...failed]
  if (all.length === 0) return undefined
  const details = all.map(
    ({ who, error }) => markup`
      <details>
        <summary><b>${who}</b> ${error.name}: ${error.message}</summary>
        <pre>${errorDetails(error)}</pre>
      </details>`,
  )
  return markup`<h2>Errors</h2>${details}`
}

function errorDetails({ name, message, code, stack, cause, errors }: ErrorInfo): string {
  const own = `${stack ?? `${name}: ${message}`}${code === null ? '' : `\ncode: ${code}`}`
  const inner = errors.map((error) => `\none of them: ${errorDetails(error)}`)
  return [own, ...inner, cause ? `\ncaused by: ${errorDetails(cause)}` : ''].join('')
}

const COLUMNS = ['phase', 'hook', 'ended', 'from', 'to', 'took', 'limit', 'phase’s reserve']

function tableSection(report: Report): Markup | undefined {
  const rows = report.phases.flatMap(({ name, reserve, hooks }) =>
    hooks.map(({ name: hook, began, ended, limit, status }) => {
      const times =
        began === null
          ? ['—', '—', 'never ran']
          : [began, ended, ended - began].map((time) => formatDuration(time))
      const cells = [...times, formatDuration(limit), formatDuration(reserve)]
      const kind = { done: 'good', failed: 'bad', 'cut off': 'cut-ink' }[status]
      return markup`
        <tr>
          <td>${name}</td><th scope="row">${hook}</th><td class="${kind}">${status}</td>
          ${cells.map((cell) => markup`<td class="time">${cell}</td>`)}
        </tr>`
    }),
  )
  if (rows.length === 0) return undefined
  const head = COLUMNS.map(
    (text, index) => markup`<th scope="col" class="${index < 3 ? '' : 'time'}">${text}</th>`,
  )
  return markup`
    <h2>Hooks</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="The hooks as a table">
      <table>
        <caption>The hooks in the order in which they ran</caption>
        <thead><tr>${head}</tr></thead>
        <tbody>${rows}</tbody>
      </table>
    </div>`
}

const PAGE_STYLE = `
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 1088px; margin: 0 auto; padding: 32px 24px 48px; }
h1 { font-size: 26px; line-height: 1.25; font-weight: 650; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 16px; font-weight: 650; margin: 36px 0 10px; }
p { margin: 4px 0; overflow-wrap: anywhere; }
.arrow, .facts, footer, caption, thead th { color: var(--quiet); }
.code { white-space: nowrap; }
.facts { font-size: 13px; display: flex; flex-wrap: wrap; gap: 2px 20px; font-variant-numeric: tabular-nums; }
.good { color: var(--done-ink); } .bad { color: var(--failed-ink); } .cut-ink { color: var(--cut-ink); }
figure { margin: 24px 0 0; }
figure .chart { display: none; width: 100%; height: auto; }
figure .phone { display: block; max-width: 480px; }
@media (min-width: 700px) { figure .phone { display: none; } figure .tablet { display: block; } }
@media (min-width: 1000px) { figure .tablet { display: none; } figure .desk { display: block; } }
dl { display: grid; grid-template-columns: minmax(80px, max-content) 1fr; gap: 4px 20px; margin: 0; font-size: 14px; }
dt { font-weight: 600; max-width: 260px; overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; min-width: 0; }
details { border: 1px solid var(--hair); border-radius: 6px; margin: 6px 0; }
summary { padding: 8px 12px; cursor: pointer; overflow-wrap: anywhere; font-size: 14px; }
pre { margin: 0; padding: 12px; overflow-x: auto; background: var(--band); font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; border-radius: 0 0 6px 6px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: 13px; padding-bottom: 6px; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--hair); font-weight: 400; white-space: nowrap; max-width: 320px; overflow: hidden; text-overflow: ellipsis; }
tbody th { font-weight: 600; }
.time { text-align: right; }
footer { margin-top: 36px; font-size: 12.5px; }
@media (max-width: 560px) { main { padding: 20px 16px 40px; } h1 { font-size: 22px; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; } dt { max-width: none; } }
`.trim()
