import { describe, expect, test } from 'vitest'
import { examine } from '../../../src/cli/doctor/examine.ts'
import { KINDS } from '../../../src/cli/doctor/kinds/index.ts'
import { RULES } from '../../../src/cli/doctor/rules.ts'
import { deployments } from './deployments/index.ts'
import { isSkipped, needed, patch } from './patch.ts'
import { write } from './written.ts'

const all = Object.entries(deployments)
const found = (directory: string) =>
  examine(directory).findings.map(({ file, line, rule }) => `${file}:${line} ${rule}`)

test('every kind of file has deployments', () => {
  expect(Object.keys(deployments)).toEqual(KINDS.map(({ name }) => name))
})

describe.each(all)('of each kind: %s', (kind, { broken, sound }) => {
  test('there are at least ten broken deployments and ten sound ones', () => {
    expect(broken.length).toBeGreaterThanOrEqual(10)
    expect(sound.length).toBeGreaterThanOrEqual(10)
  })

  test.each(broken)('$name is found', ({ files, finds }) => {
    const { findings, unread, looked } = examine(write(files))
    expect(findings.map(({ file, line, rule }) => `${file}:${line} ${rule}`)).toEqual(finds)
    expect(unread).toEqual([])
    expect(looked.map(({ kind }) => kind)).toContain(kind)
  })

  test.each(sound)('$name is sound', ({ files }) => {
    const { findings, unread, looked } = examine(write(files))
    expect({ findings, unread }).toEqual({ findings: [], unread: [] })
    expect(looked.map(({ kind }) => kind)).toContain(kind)
  })

  test.skipIf(isSkipped).each(broken)(
    `$name is sound with the diff applied${needed}`,
    ({ files, finds }) => {
      for (const [index, finding] of finds.entries()) {
        const directory = write(files)
        const { diff, rule } = examine(directory).findings[index] ?? {}
        const applied = patch(directory, diff)
        expect(applied).toMatch(/^patching file/)
        expect(found(directory).filter((one) => one.endsWith(` ${rule}`))).toEqual([])
        expect(found(directory).length).toBeLessThan(finds.length)
        expect(finding).toContain(rule)
      }
    },
  )
})

test('every rule has a broken deployment', () => {
  const rules = all.flatMap(([, { broken }]) => broken.flatMap(({ finds }) => finds))
  // The rule about sources has its own test: no diff can say where listen() belongs.
  const named = new Set([...rules.map((one) => one.split(' ')[1]), 'listen-forgotten'])
  expect([...named].sort()).toEqual(Object.keys(RULES).sort())
})
