// What was lost, and how each process ended.
import type { Result } from './stop.ts'
import { count, paint, seconds } from './text.ts'

const LABEL = 16
const CELL = 30

export function table(results: readonly Result[]): string {
  const rows: [
    label: string,
    cell: (result: Result) => string,
    isGood: (result: Result) => boolean,
  ][] = [
    ['requests lost', (one) => share(one.lostRequests, one.sent), (one) => one.lostRequests === 0],
    ['events lost', (one) => share(one.lostEvents, one.confirmed), (one) => one.lostEvents === 0],
    ['how it ended', ending, (one) => one.code === 0],
  ]
  const head = results.map(({ name }) => paint('bold', name.padStart(CELL))).join('')
  const body = rows.map(([label, cell, isGood]) => {
    const cells = results.map((one) =>
      paint(isGood(one) ? 'green' : 'red', cell(one).padStart(CELL)),
    )
    return `${label.padEnd(LABEL)}${cells.join('')}`
  })
  return [`${' '.repeat(LABEL)}${head}`, ...body].join('\n')
}

function share(lost: number, all: number): string {
  const percent = ((lost / all) * 100).toFixed(lost === 0 ? 0 : 1)
  return `${count(lost)} of ${count(all)} (${percent} %)`
}

function ending({ code, signalToExit }: Result): string {
  const how = code === null ? 'killed' : `exit code ${code}`
  return `${how} after ${seconds(signalToExit)}`
}
