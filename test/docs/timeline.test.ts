import { expect, test } from 'vitest'
import { formatDuration } from '../../src/base/duration.ts'
import { imageOf } from '../../src/cli/timeline/svg.ts'
import type { HookReport, Report } from '../../src/engine/report.ts'
import { causeOf } from '../../src/picture/report-words.ts'
import { formatReport } from '../../src/picture/timeline.ts'
import { readDocument } from './markdown.ts'

const report = JSON.parse(readDocument('docs/timeline.json').text)
const page = readDocument('docs/how-to/problems.md').text
const fix = 'npm run docs:timeline'

test('the page on problems draws the shutdown of docs/timeline.json as formatReport() does', () => {
  const picture = formatReport(report, { width: 80, colors: false })
  expect(page, fix).toContain(`\`\`\`\n${picture}\n\`\`\``)
})

test('the log there is that of the same shutdown', () => {
  const hooks = report.phases.flatMap(({ hooks }: Report['phases'][number]) => hooks)
  expect(hooks.length).toBeGreaterThan(0)
  for (const { name, status, began, ended, limit } of hooks as HookReport[]) {
    const took = formatDuration(status === 'cut off' ? limit : ended - (began ?? 0))
    const said = {
      done: ` done in ${took}`,
      failed: ' failed: ',
      'cut off': ` was cut off after ${took}`,
    }
    expect(page, fix).toMatch(
      new RegExp(`^lastcall: hook '${name}' \\([a-z]+\\)${said[status as keyof typeof said]}`, 'm'),
    )
  }
  expect(page, fix).toContain(`shutdown cut off after ${formatDuration(report.duration)}: `)
  const { exitCode } = report
  expect(page, fix).toContain(`\nlastcall: exiting with code ${exitCode} (${causeOf(report)})\n`)
})

test('its image is the one that lastcall timeline draws', () => {
  expect(readDocument('docs/timeline.svg').text, fix).toBe(imageOf(report))
})

test('it names no folder of a machine', () => {
  expect(JSON.stringify(report)).not.toMatch(/file:|\/(home|root|tmp|Users)\//)
})
