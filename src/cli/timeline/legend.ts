import type { Report } from '../../engine/report.ts'
import type { Layout } from './layout.ts'
import { element, join, type Markup } from './markup.ts'
import { lengthOf } from './text-size.ts'

/** Explains the signs that occur in a chart. Empty if there are only hooks that are done. */
export function legendOf(
  report: Report,
  layout: Layout,
  id: string,
): { height: number; content: Markup } {
  const items = signsOf(report, layout, id).filter(({ isThere }) => isThere)
  if (items.length === 0 || (items.length === 1 && items[0]?.text === 'done')) {
    return { height: 0, content: join([]) }
  }
  let x = EDGE
  let y = layout.height + 30
  const placed = items.map(({ text, sign }) => {
    const length = 26 + lengthOf(text, 12) + 18
    if (x > EDGE && x + length > layout.width) {
      x = EDGE
      y += 22
    }
    const transform = `translate(${Math.round(x)} ${y})`
    x += length
    return element('g', { transform }, sign, element('text', { class: 'quiet small', x: 26 }, text))
  })
  return { height: y + 14 - layout.height, content: join(placed) }
}

const EDGE = 12

interface Sign {
  readonly isThere: boolean
  readonly text: string
  readonly sign: Markup
}

function signsOf(report: Report, { phases }: Layout, id: string): Sign[] {
  const rows = phases.flatMap((phase) => phase.rows)
  const ran = rows.filter(({ hook }) => hook.began !== null)
  const has = (status: string) => ran.some(({ hook }) => hook.status === status)
  const box = { y: -9, width: 18, height: 10, rx: 2.5 }
  const wall = element('line', { class: 'wall', x1: 18, x2: 18, y1: -11, y2: 3 })
  const path = (kind: string, d: string) => element('path', { class: kind, d })
  return [
    { isThere: has('done'), text: 'done', sign: element('rect', { ...box, class: 'done' }) },
    {
      isThere: has('failed'),
      text: 'failed',
      sign: element('rect', { ...box, fill: `url(#${id}-failed)` }),
    },
    {
      isThere: has('cut off'),
      text: 'cut off at its limit',
      sign: join([element('rect', { ...box, fill: `url(#${id}-cut)` }), wall]),
    },
    {
      isThere: ran.some(({ hook, limit, to }) => hook.status !== 'cut off' && Number(limit) > to),
      text: 'time left to its limit',
      sign: path('left', 'M0-4H18m0-5v10'),
    },
    {
      isThere: phases.some(({ reserve }) => reserve),
      text: 'kept for the phase',
      sign: element('rect', { ...box, class: 'kept' }),
    },
    {
      isThere: ran.length < rows.length,
      text: 'never ran',
      sign: path('never', 'M4-9l10 10m0-10l-10 10'),
    },
    {
      isThere: report.faults.length > 0,
      text: 'fault',
      sign: element('circle', { class: 'fault', cx: 9, cy: -4, r: 6 }),
    },
  ]
}
