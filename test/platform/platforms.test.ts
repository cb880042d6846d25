import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { minimumLameDuck, signalsAll } from '../../src/platform/platform.ts'
import { PLATFORMS, type PlatformName } from '../../src/platform/platforms.ts'
import { contextOf } from '../support/hooks/context.ts'
import { VirtualClock } from '../support/hooks/virtual.ts'

const reference = readFileSync(new URL('../../docs/reference/platform.md', import.meta.url), 'utf8')

describe('the reference', () => {
  test.each(Object.entries(PLATFORMS))(
    'says how %s is recognised, and what it grants',
    (name, facts) => {
      const row = reference.split('\n').find((line) => line.startsWith(`| \`${name}\` | `)) ?? ''
      const [, , recognisedBy, grace = ''] = row.split('|')
      for (const variable of facts.variables) expect(recognisedBy).toContain(`\`${variable}\``)
      if (facts.configured) expect(grace).toContain(`\`${facts.configured.variable}\``)
      const [, amount, unit] = /^ (\d+) (m?s)/.exec(grace) ?? []
      if (name !== 'lastcall') expect(Number(amount) * (unit === 's' ? 1000 : 1)).toBe(facts.grace)
    },
  )
})

const platformOf = (platform: PlatformName, also?: PlatformName) =>
  contextOf({ clock: new VirtualClock(), platform, ...(also && { also }) }).context.platform

test('the lame duck lasts as long as the slowest of the platforms needs', () => {
  expect(minimumLameDuck(platformOf('unknown'))).toBe(0)
  expect(minimumLameDuck(platformOf('kubernetes'))).toBe(5000)
  expect(minimumLameDuck(platformOf('pm2', 'kubernetes'))).toBe(5000)
})

test('one platform that signals every process is enough', () => {
  const all = Object.keys(PLATFORMS).filter((name) => signalsAll(platformOf(name as PlatformName)))
  expect(all.sort()).toEqual(['heroku', 'pm2', 'systemd'])
  expect(signalsAll(platformOf('docker', 'pm2'))).toBe(true)
})
