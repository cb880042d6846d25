/**
 * Colours and fonts, of the page and of the image. Green, orange and red differ in lightness, too, and
 * the last two have stripes: nobody has to tell them by colour alone.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --band: #f5f7f9; --ink: #17202a; --quiet: #56616d; --hair: #dfe4e9; --line: #84909c;
  --done: #2f9e7e; --cut: #e59a1a; --cut-dark: #9c5a00; --failed: #c7313d; --failed-dark: #7f1620;
  --done-ink: #0b6a50; --cut-ink: #8f5200; --failed-ink: #b0202c;
  --kept: #dbe7f7; --kept-line: #7f9fcb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1318; --band: #161d24; --ink: #e8ecf0; --quiet: #9aa6b2; --hair: #29323b; --line: #71808e;
    --done: #37ab89; --cut: #f0ab35; --cut-dark: #8a5200; --failed: #ee5a66; --failed-dark: #8c1822;
    --done-ink: #63d3b2; --cut-ink: #f5b95a; --failed-ink: #ff8a92;
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

/**
 * The same for whoever knows no variables, as many viewers of images: each is preceded by the light
 * colour that it stands for, which those take who understand no more.
 */
export function withPlainColours(style: string): string {
  const light = style.slice(0, style.indexOf('@media'))
  const colours = new Map(
    [...light.matchAll(/--([\w-]+): (#\w+)/g)].map(([, name, colour]) => [name, colour]),
  )
  return style.replace(/([\w-]+): var\(--([\w-]+)\)/g, (variable, property, name) => {
    return `${property}: ${colours.get(name)}; ${variable}`
  })
}
