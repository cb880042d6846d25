import type { Runner } from './runners.ts'
import type { Tried } from './try.ts'

const APIS = [
  '`setTimeout()`',
  '`setInterval()`',
  '`setTimeout()` imported from `node:timers`',
  '`setTimeout()` imported from `node:timers/promises`',
  '`AbortSignal.timeout()`',
  '`setImmediate()`',
  '`process.nextTick()`',
  '`queueMicrotask()`',
  '`performance.now()`',
  '`Date`',
]

/** A table of what the fake timers of each runner replace. */
export function reachTable(runners: readonly Runner[], tried: ReadonlyMap<string, Tried>): string {
  const measured = runners.flatMap(({ name }) => {
    const reach = tried.get(name)?.reach
    return reach === undefined ? [] : [{ name, reach }]
  })
  const head = ['', ...measured.map(({ name }) => name)]
  const rows = APIS.map((api) => [
    api,
    ...measured.map(({ reach }) => (reach.includes(api) ? 'yes' : 'no')),
  ])
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}
