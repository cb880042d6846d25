import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FeatureGroup } from './feature.ts'
import { GAPS, type Gap } from './gaps.ts'
import type { Runtime } from './runtimes.ts'
import type { Result } from './try.ts'

export const DOCUMENT = 'docs/runtimes.md'
const PATH = fileURLToPath(new URL(`../../${DOCUMENT}`, import.meta.url))
const [BEGIN, END] = ['<!-- from npm run test:matrix -->', '<!-- end -->']

/** The table of what was tried, and why what doesn't work doesn't. */
export function tableOf(
  runtimes: readonly Runtime[],
  groups: readonly FeatureGroup[],
  results: readonly Result[],
): string {
  const head = ['', ...runtimes.map(({ name, version }) => `${name} (${version})`)]
  const rows = groups.flatMap(({ name, features }) => [
    [`**${name}**`, ...runtimes.map(() => '')],
    ...features.map((feature) => [
      feature.name,
      ...runtimes.map((runtime) => {
        const result = results.find(
          (one) => one.feature === feature && one.runtime.name === runtime.name,
        )
        const number = result ? GAPS.findIndex((gap) => covers(gap, result)) + 1 : 0
        const gap = GAPS[number - 1]
        if (!gap?.atTimes && result?.problem === undefined) return 'yes'
        const answer = gap?.atTimes ? 'not always' : 'no'
        return gap ? `${answer} [${number}](#${number}-${slugOf(gap)})` : answer
      }),
    ]),
  ])
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

/** What the document has between its marks. */
export function sectionOf(table: string): string {
  const gaps = GAPS.map(({ runtime, title, why, instead }, index) => {
    return `### ${index + 1}. ${runtime}: ${title}\n\n${why}\n\n${instead}`
  })
  return [BEGIN, table, '## Why not, and what to do instead', ...gaps, END].join('\n\n')
}

export const covers = (gap: Gap, { runtime, feature }: Result): boolean =>
  gap.runtime === runtime.name && gap.features.includes(feature.name)

/** Whether the document says so already. */
export function isWritten(section: string): boolean {
  return readFileSync(PATH, 'utf8').includes(section)
}

export function write(section: string): void {
  const text = readFileSync(PATH, 'utf8')
  const [before] = text.split(BEGIN)
  const [, after = '\n'] = text.split(END)
  writeFileSync(PATH, `${before}${section}${after}`)
}

/** How the document's headings are known to links. */
function slugOf({ runtime, title }: Gap): string {
  const heading = `${runtime}: ${title}`.toLowerCase()
  return heading.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
}
