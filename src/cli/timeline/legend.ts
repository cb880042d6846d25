import type { Report } from '../../engine/report.ts'
import { EDGE, type Layout } from './layout.ts'
import { type Markup, markup } from './markup.ts'
import { lengthOf } from './text-size.ts'

/** Explains the signs that occur in a chart. Empty if `done` is the only sign. */
export function legendOf(
  report: Report,
  layout: Layout,
  id: string,
): { readonly height: number; readonly content: Markup } {
  const signs = signsOf(report, layout, id).filter(([isThere]) => isThere)
  if (signs.every(([, text]) => text === 'done')) return { height: 0, content: markup`` }
  let x = EDGE
  let y = layout.height + 30
  const placed = signs.map(([, text, sign]) => {
    const length = 26 + lengthOf(text, 12) + 18
    if (x > EDGE && x + length > layout.width) {
      x = EDGE
      y += 22
    }
    const at = Math.round(x)
    x += length
    return markup`
      <g transform="translate(${at} ${y})">
        ${sign}
        <text class="quiet small" x="26">${text}</text>
      </g>`
  })
  return { height: y + 14 - layout.height, content: markup`${placed}` }
}

/** All signs, each with whether it occurs, its text and its picture. */
function signsOf(report: Report, { phases }: Layout, id: string): [boolean, string, Markup][] {
  const rows = phases.flatMap((phase) => phase.rows)
  const ran = rows.filter(({ hook }) => hook.began !== null)
  const has = (status: string) => ran.some(({ hook }) => hook.status === status)
  const hasTimeLeft = ran.some(
    ({ hook, limit, to }) => hook.status !== 'cut off' && Number(limit) > to,
  )
  const box = markup`<rect y="-9" width="18" height="10" rx="2.5"`
  const cut = markup`
    ${box} fill="url(#${id}-cut)"/>
    <line class="wall" x1="18" x2="18" y1="-11" y2="3"/>`
  return [
    [has('done'), 'done', markup`${box} class="done"/>`],
    [has('failed'), 'failed', markup`${box} fill="url(#${id}-failed)"/>`],
    [has('cut off'), 'cut off at its limit', cut],
    [hasTimeLeft, 'time left to its limit', markup`<path class="left" d="M0-4H18m0-5v10"/>`],
    [phases.some(({ reserve }) => reserve), 'kept for the phase', markup`${box} class="kept"/>`],
    [
      ran.length < rows.length,
      'never ran',
      markup`<path class="never" d="M4-9l10 10m0-10l-10 10"/>`,
    ],
    [report.faults.length > 0, 'fault', markup`<circle class="fault" cx="9" cy="-4" r="6"/>`],
  ]
}
