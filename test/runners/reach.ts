import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Runner } from './runners.ts'
import type { Tried } from './try.ts'

export const DOCUMENT = 'docs/how-to/testing.md'
const PATH = fileURLToPath(new URL(`../../${DOCUMENT}`, import.meta.url))
const [BEGIN, END] = ['<!-- from npm run test:runners -->', '<!-- end -->']

/** What `texts/reach.mjs` tries. */
const APIS = [
  '`setTimeout()`',
  '`setInterval()`',
  '`setImmediate()`',
  "`import { setTimeout } from 'node:timers'`",
  "`import timers from 'node:timers'`",
  "`import { setTimeout } from 'node:timers/promises'`",
  "`import timers from 'node:timers/promises'`",
  '`AbortSignal.timeout()`',
  '`process.nextTick()`',
  '`queueMicrotask()`',
  '`performance.now()`',
  '`Date`',
]

/** A table of what the fake timers of each runner move. Runners of the same timers share a column. */
export function reachTable(runners: readonly Runner[], tried: ReadonlyMap<string, Tried>): string {
  const columns = new Map<string, { names: string[]; reach: readonly string[] }>()
  for (const { name, fakeTimers } of runners) {
    const reach = tried.get(name)?.reach
    if (fakeTimers === undefined || reach === undefined) continue
    const key = `${fakeTimers}: ${APIS.filter((api) => reach.includes(api))}`
    const column = columns.get(key) ?? { names: [], reach }
    column.names.push(name)
    columns.set(key, column)
  }
  const ofAll = (fakeTimers: string) => runners.filter((one) => one.fakeTimers === fakeTimers)
  const head = [...columns].map(([key, { names }]) => {
    const [fakeTimers = ''] = key.split(': ')
    if (names.length === ofAll(fakeTimers).length) return fakeTimers
    return `${fakeTimers} ${names.map((name) => name.split(' ').at(-1)).join(', ')}`
  })
  const rows = APIS.map((api) => [
    api,
    ...[...columns.values()].map(({ reach }) => (reach.includes(api) ? 'yes' : 'no')),
  ])
  const all = [['moved by', ...head], ['', ...head].map(() => '---'), ...rows]
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Whether the document has the table. */
export function isWritten(table: string): boolean {
  return readFileSync(PATH, 'utf8').includes(`${BEGIN}\n\n${table}\n\n${END}`)
}

export function write(table: string): void {
  const text = readFileSync(PATH, 'utf8')
  const [before] = text.split(BEGIN)
  const [, after = '\n'] = text.split(END)
  writeFileSync(PATH, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`)
}
