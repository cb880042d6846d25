import { PAGE_COLORS } from '../../picture/theme.ts'

/** The style of the page and of the image. The colours of each status come from picture/theme.ts. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --band: #f5f7f9; --ink: #17202a; --quiet: #56616d; --hair: #dfe4e9; --line: #84909c;
  ${statusVariables('light').join('\n  ')}
  --kept: #dbe7f7; --kept-line: #7f9fcb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1318; --band: #161d24; --ink: #e8ecf0; --quiet: #9aa6b2; --hair: #29323b; --line: #71808e;
    ${statusVariables('dark').join('\n    ')}
    --kept: #1a2b42; --kept-line: #4b72a8;
  }
}
.chart { font-family: ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 13px; font-variant-numeric: tabular-nums; fill: var(--ink); }
.chart .page { fill: var(--page); }
.chart .band { fill: var(--band); }
.chart .phase { font-size: 12px; font-weight: 600; fill: var(--quiet); }
.chart .axis { font-size: 11px; fill: var(--quiet); }
.chart .grid { fill: none; stroke: var(--hair); }
.chart .deadline, .chart .kill, .chart .fault-line { fill: none; }
.chart .deadline { stroke: var(--ink); stroke-dasharray: 5 3; }
.chart .kill { stroke: var(--failed); stroke-width: 1.5; }
.chart .flag { font-size: 11px; font-weight: 600; }
.chart .flag-kill { fill: var(--failed-ink); }
.chart .flag-beyond { fill: var(--quiet); font-weight: 400; }
.chart .margin { fill: var(--failed); fill-opacity: .07; }
.chart .kept { fill: var(--kept); stroke: var(--kept-line); stroke-dasharray: 3 2; }
.chart .left { stroke: var(--line); stroke-width: 1.5; fill: none; }
.chart .done { fill: var(--done); }
.chart .cut { fill: var(--cut); }
.chart .failed { fill: var(--failed); }
.chart .cut-stripe { stroke: var(--cut-dark); stroke-width: 2; }
.chart .failed-stripe { stroke: var(--failed-dark); stroke-width: 2; }
.chart .wall { stroke: var(--cut-ink); stroke-width: 3; }
.chart .never { stroke: var(--cut-ink); stroke-width: 2; fill: none; }
.chart .fault-line { stroke: var(--failed); stroke-dasharray: 2 3; }
.chart .fault { fill: var(--failed-ink); }
.chart .fault-number { font-size: 10px; font-weight: 700; fill: var(--page); }
.chart .is-cut { fill: var(--cut-ink); font-weight: 600; }
.chart .is-failed { fill: var(--failed-ink); font-weight: 600; }
.chart .title { font-size: 19px; font-weight: 650; }
.chart .title .is-clean { fill: var(--done-ink); }
.chart .quiet { fill: var(--quiet); }
.chart .small { font-size: 12px; }
`.trim()

function statusVariables(mode: 'light' | 'dark'): string[] {
  const done = PAGE_COLORS.done[mode]
  const cut = PAGE_COLORS['cut off'][mode]
  const failed = PAGE_COLORS.failed[mode]
  return [
    `--done: ${done.bar}; --cut: ${cut.bar}; --cut-dark: ${cut.stripe}; --failed: ${failed.bar}; --failed-dark: ${failed.stripe};`,
    `--done-ink: ${done.text}; --cut-ink: ${cut.text}; --failed-ink: ${failed.text};`,
  ]
}

/**
 * The style for viewers without CSS variables, such as many image viewers. Before each variable comes its
 * light colour, which such a viewer uses.
 */
export function withPlainColors(style: string): string {
  const light = style.slice(0, style.indexOf('@media'))
  const colors = new Map(
    [...light.matchAll(/--([\w-]+): (#\w+)/g)].map(([, name, color]) => [name, color]),
  )
  return style.replace(/([\w-]+): var\(--([\w-]+)\)/g, (variable, property, name) => {
    return `${property}: ${colors.get(name)}; ${variable}`
  })
}
