import fc from 'fast-check'
import { scenario } from './arbitraries.ts'
import { check } from './check.ts'
import type { Recording } from './recording.ts'
import type { Scenario } from './scenario.ts'

/** A function that runs a core through a scenario, and where a test can import it from. */
export interface Performer {
  readonly perform: (scenario: Scenario) => Promise<Recording>
  readonly name: string
  readonly file: string
}

/** The smallest scenario that fails, and how to repeat it. */
export interface Found {
  readonly message: string
  /** The source text of a test for it. */
  readonly source: string
}

/** Performs random scenarios until one of them fails. The seed of an earlier failure repeats it at once. */
export async function search(
  performer: Performer,
  { runs, seed }: { runs: number; seed?: string | undefined },
): Promise<Found | undefined> {
  const property = fc.asyncProperty(scenario, async (one) =>
    check(one, await performer.perform(one)),
  )
  const [, number, path] = /^(-?\d+)(?::(.+))?$/.exec(seed ?? '') ?? []
  if (seed && !number) throw new Error(`SEED is what a failure has printed, not '${seed}'`)
  const found = await fc.check(property, {
    numRuns: runs,
    ...(number ? { seed: Number(number) } : {}),
    ...(path ? { path } : {}),
  })
  if (found.counterexample === null) return undefined
  const source = sourceOf(found.counterexample[0], performer)
  const again = `${found.seed}:${found.counterexamplePath}`
  const error = found.errorInstance
  const message = [
    `Run ${found.numRuns}, made smaller ${found.numShrinks} times:`,
    error instanceof Error ? `${error.message}${differenceIn(error)}` : String(error),
    `Again: SEED=${again} npm run test:model`,
    `As a test of its own, for test/model/found.test.ts:\n\n${source}`,
  ].join('\n\n')
  return { message, source }
}

/** What an assertion expected and got. Its message does not contain it. */
function differenceIn(error: Error & { expected?: unknown; actual?: unknown }): string {
  if (error.expected === undefined) return ''
  return `\nexpected ${JSON.stringify(error.expected)}\ngot      ${JSON.stringify(error.actual)}`
}

function sourceOf(scenario: Scenario, { name, file }: Performer): string {
  return `import { test } from 'vitest'
import { check } from './check.ts'
import { ${name} } from '${file}'
import type { Scenario } from './scenario.ts'

const scenario: Scenario = ${JSON.stringify(scenario, null, 2)}

test('the scenario that was found', async () => {
  check(scenario, await ${name}(scenario))
})
`
}
