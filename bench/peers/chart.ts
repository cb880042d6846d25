import { type EChartsOption, init } from 'echarts'
import { median } from '../table.ts'
import { type Loss, type LossOf, PROTOCOLS } from './lost.ts'
import { CONTESTANTS } from './names.ts'
import type { Protocol } from './processes.ts'

// A panel for each protocol: what was lost above, the time to the exit below. It brings its own
// background, so that it reads the same on a light page and on a dark one.
export const TITLE = 'Lost at SIGTERM, and the time from the signal to the exit'
const WIDTH = 920
const HEIGHT = 644
const NAMES_END = 170
const PANEL = { width: 178, height: 216, gap: 8 }
const ROWS = [112, 404]
const FONT = 'system-ui, Helvetica, Arial, sans-serif'
const INK = '#1f2937'
const QUIET_INK = '#6b7280'
const COLORS = {
  background: '#ffffff',
  peer: '#94a3b8',
  refused: '#dbe2ea',
  lastcall: '#0f9d6b',
  name: { fontWeight: 'bold', color: '#0b7a53' },
} as const

/** What a contestant's bars show, of all its runs. */
interface Shown {
  readonly contestant: string
  readonly lost: number
  readonly refused: number
  readonly elapsed: number
  readonly how: string
}

/** What was lost and how long the exit took, as SVG. */
export function chartOf(losses: LossOf): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT })
  chart.setOption(optionOf(losses))
  const svg = chart.renderToSVGString()
  chart.dispose()
  // For those who can't see it; and without styles for a pointer, which a picture doesn't have.
  return svg.replace('>', `>\n<title>${TITLE}</title>`).replace(/<style[\s\S]*<\/style>\n/, '')
}

function optionOf(losses: LossOf): EChartsOption {
  const protocols = Object.keys(PROTOCOLS) as Protocol[]
  const panels = ROWS.flatMap((top, row) =>
    protocols.map((protocol, column) => ({
      isExit: row === 1,
      column,
      top,
      shown: CONTESTANTS.map((contestant) => shownOf(contestant, losses[protocol])),
    })),
  )
  return {
    animation: false,
    backgroundColor: COLORS.background,
    textStyle: { fontFamily: FONT },
    title: [
      ...ROWS.map((top, row) => ({
        text: row === 0 ? 'Lost when SIGTERM meets live traffic' : 'From the signal to the exit',
        subtext:
          row === 0
            ? 'requests or streams that got no answer, median of the runs; +n: refused, not processed, safe to retry'
            : 'median of the runs, logarithmic',
        left: 16,
        top: top - (row === 0 ? 98 : 58),
        itemGap: 4,
        textStyle: { fontSize: 16, color: INK },
        subtextStyle: { fontSize: 12, color: QUIET_INK },
      })),
      ...protocols.map((protocol, column) => ({
        text: PROTOCOLS[protocol],
        left: leftOf(column),
        top: 84,
        padding: 0,
        textStyle: { fontSize: 14, color: INK },
      })),
    ],
    grid: panels.map(({ column, top }) => ({
      left: leftOf(column),
      top,
      width: PANEL.width,
      height: PANEL.height,
    })),
    xAxis: panels.map(({ isExit, shown }, index) => ({
      gridIndex: index,
      show: false,
      // Room for the labels at the ends of the bars.
      ...(isExit
        ? { type: 'log' as const, min: 1, max: Math.max(...shown.map(timeOf)) ** 1.8 }
        : { type: 'value' as const, min: 0, max: Math.max(1, ...shown.map(sumOf)) * 1.7 }),
    })),
    yAxis: panels.map(({ column }, index) => ({
      gridIndex: index,
      type: 'category' as const,
      inverse: true,
      data: CONTESTANTS.map((name) =>
        name === 'lastcall' ? { value: name, textStyle: COLORS.name } : name,
      ),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: '#cbd5e1' } },
      axisLabel: { show: column === 0, fontSize: 13, color: INK, interval: 0, margin: 10 },
    })),
    series: panels.flatMap(({ isExit, shown }, index) =>
      isExit
        ? [bars(index, shown.map(timeOf), shown.map(exitLabel))]
        : [
            bars(
              index,
              shown.map(({ lost }) => lost),
              undefined,
            ),
            bars(
              index,
              shown.map(({ refused }) => refused),
              shown.map(lossLabel),
              COLORS.refused,
            ),
          ],
    ),
  }
}

const leftOf = (column: number) => NAMES_END + column * (PANEL.width + PANEL.gap)
const sumOf = ({ lost, refused }: Shown) => lost + refused
/** The axis begins at 1 ms. */
const timeOf = ({ elapsed }: Shown) => Math.max(1, elapsed)

function shownOf(contestant: string, all: LossOf[Protocol]): Shown {
  const runs = all.find((one) => one.contestant === contestant)?.results ?? []
  if (runs.length === 0) return { contestant, lost: 0, refused: 0, elapsed: 0, how: 'failed' }
  const middle = (key: 'lost' | 'refused' | 'elapsed') =>
    median(runs.map((loss: Loss) => loss[key]))
  const how = [...new Set(runs.map((loss) => loss.how))].join(' or ')
  return {
    contestant,
    lost: middle('lost'),
    refused: middle('refused'),
    elapsed: middle('elapsed'),
    how,
  }
}

function lossLabel({ contestant, lost, refused, how }: Shown): string {
  if (how === 'failed') return 'failed'
  const style = contestant === 'lastcall' ? 'own' : 'lost'
  return `{${style}|${lost.toFixed(0)}}${refused > 0 ? `{refused|+${refused.toFixed(0)}}` : ''}`
}

function exitLabel({ contestant, elapsed, how }: Shown): string {
  if (how === 'failed' || how.startsWith('killed')) return how
  const time = elapsed < 1000 ? `${elapsed.toFixed(0)} ms` : `${(elapsed / 1000).toFixed(1)} s`
  const style = contestant === 'lastcall' ? 'own' : 'lost'
  return how === 'code 0' ? `{${style}|${time}}` : `{${style}|${time}}{refused|${how}}`
}

function bars(
  panel: number,
  values: readonly number[],
  labels: readonly string[] | undefined,
  color?: string,
) {
  return {
    type: 'bar' as const,
    silent: true,
    emphasis: { disabled: true },
    xAxisIndex: panel,
    yAxisIndex: panel,
    stack: `panel ${panel}`,
    barWidth: 13,
    data: values.map((value, index) => ({
      value,
      itemStyle: {
        color: color ?? (CONTESTANTS[index] === 'lastcall' ? COLORS.lastcall : COLORS.peer),
      },
      label: {
        show: labels !== undefined,
        position: 'right' as const,
        formatter: labels?.[index] ?? '',
      },
    })),
    label: {
      fontSize: 12,
      color: INK,
      rich: {
        lost: { fontSize: 12, color: INK },
        own: { fontSize: 13, fontWeight: 'bold' as const, color: COLORS.name.color },
        refused: { fontSize: 12, color: QUIET_INK, padding: [0, 0, 0, 9] },
      },
    },
  }
}
