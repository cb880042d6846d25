import { expect, test } from 'vitest'
import { PLATFORMS, type PlatformName } from '../../src/platform/platforms.ts'
import { readDocument, tableUnder } from './markdown.ts'

const NAMES: Record<string, PlatformName> = {
  Compose: 'docker',
  'Fly.io': 'fly',
}

test('the page of questions grants each platform what the library assumes', () => {
  const rows = tableUnder(readDocument('docs/questions.md'), 'Which grace does my platform have\\?')
  const said = rows.map(([platform = '', grants = '']) => [platform, grants.split(',')[0]])
  expect(said.length).toBeGreaterThan(10)
  expect(said).toEqual(
    said.map(([platform = '']) => {
      const name = NAMES[platform] ?? platform.toLowerCase().replaceAll(' ', '-')
      return [platform, `${PLATFORMS[name as PlatformName].grace / 1000} s`]
    }),
  )
})
