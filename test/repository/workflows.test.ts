import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { manifest } from '../support/programs/entries.ts'

interface Job {
  readonly strategy?: { readonly matrix: { readonly node: readonly number[] } }
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[]
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const ROOT = new URL('../../', import.meta.url)
const WORKFLOWS = new URL('.github/workflows/', ROOT)
const workflows = readdirSync(WORKFLOWS).map((name) => {
  const workflow = parse(readFileSync(new URL(name, WORKFLOWS), 'utf8')) as Workflow
  return [name, workflow] as const
})

describe.each(workflows)('the workflow %s', (_, { permissions, jobs }) => {
  const steps = Object.values(jobs).flatMap((job) => job.steps)

  test('uses only official actions, each of one major version', () => {
    const uses = steps.flatMap((step) => step.uses ?? [])
    expect(uses.length).toBeGreaterThan(0)
    for (const action of uses) expect(action).toMatch(/^actions\/[\w-]+@v\d+$/)
  })

  test('may not write to the repository', () => {
    expect(permissions.contents).toBe('read')
  })

  test('runs only scripts and programs that exist', () => {
    const commands = steps.flatMap((step) => step.run ?? [])
    const scripts = commands.flatMap((command) => command.match(/(?<=npm run )[\w:]+/g) ?? [])
    for (const script of scripts) expect(manifest.scripts).toHaveProperty(script)
    const programs = commands.flatMap((command) => command.match(/\.(ci|github)\/[\w.-]+/g) ?? [])
    for (const program of programs) expect(existsSync(new URL(program, ROOT))).toBe(true)
  })
})

test('the quick tests run on the oldest Node that the package supports, and on each even one since', () => {
  const { quick } = Object.fromEntries(workflows)['ci.yml']?.jobs ?? {}
  const oldest = Number(/\d+/.exec(manifest.engines.node))
  expect(quick?.strategy?.matrix.node).toEqual([oldest, 22, 24, 26])
})
