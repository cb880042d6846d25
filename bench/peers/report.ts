import { arch, cpus, type } from 'node:os'
import { markdownTable } from '../table.ts'
import { TITLE } from './chart.ts'
import { installedPackages } from './install.ts'
import type { Table } from './part.ts'

export function markdownOf({ title, head, rows, notes = [] }: Table): string {
  const table = rows.length > 0 ? [markdownTable(head, rows)] : []
  return [`## ${title}`, ...notes, ...table].join('\n\n')
}

/** The whole of bench/RESULTS.md. */
export function reportOf(tables: readonly Table[], chart: string): string {
  const rows = installedPackages().map(({ name, version, node }) => [name, version, node])
  return `${[
    '# lastcall beside its peers',
    'Written by `npm run bench`. Each contestant runs in its own process, set up as its README says (`bench/peers/contestants.mjs`); each round runs all of them.',
    [
      `- ${new Date().toISOString().slice(0, 10)}`,
      `- ${cpus().length} × ${cpus()[0]?.model.trim()}, ${type()} ${arch()}`,
      `- Node ${process.version}`,
    ].join('\n'),
    markdownTable(['package', 'version', 'asks for Node'], rows),
    'One that asks for a newer Node was run on this one all the same.',
    `![${TITLE}](${chart})`,
    ...tables.map(markdownOf),
  ].join('\n\n')}\n`
}
