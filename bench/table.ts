import { cpus } from 'node:os'

/** Prints a table in Markdown, with what it was measured on. */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly string[][],
): void {
  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
  console.log(`\n${title} (${machine})\n`)
  console.log(markdownTable(head, rows))
}

export function markdownTable(head: readonly string[], rows: readonly string[][]): string {
  const widths = head.map((cell, index) =>
    Math.max(cell.length, ...rows.map((row) => row[index]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** `18 ms (17 to 22)`, or `18 (17 to 22)` without a unit: the median, the least and the most. */
export function range(values: readonly number[], unit: string, digits = 0): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const middle = `${median(values).toFixed(digits)} ${unit}`.trimEnd()
  return `${middle} (${least.toFixed(digits)} to ${most.toFixed(digits)})`
}

/** A figure against its limit: `4.3 ms, within 5 ms` or `6.1 ms, OVER 5 ms`. */
export function heldAgainst(value: number, limit: number, unit: string): string {
  return `${value.toFixed(1)} ${unit}, ${value <= limit ? 'within' : 'OVER'} ${limit} ${unit}`
}
