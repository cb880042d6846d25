import { expect, test } from 'vitest'
import { imageOf } from '../../src/cli/timeline/svg.ts'
import { formatReport } from '../../src/timeline.ts'
import { readDocument } from './markdown.ts'

const report = JSON.parse(readDocument('docs/timeline.json').text)
const fix = 'npm run docs:timeline'

test('the README draws the run of docs/timeline.json as formatReport() does', () => {
  const picture = formatReport(report, { width: 80, colors: false })
  expect(readDocument('README.md').text, fix).toContain(`\`\`\`\n${picture}\n\`\`\``)
})

test('its image is the one that lastcall timeline draws', () => {
  expect(readDocument('docs/timeline.svg').text, fix).toBe(imageOf(report))
})

test('it names no folder of a machine', () => {
  expect(JSON.stringify(report)).not.toMatch(/file:|\/(home|root|tmp|Users)\//)
})
