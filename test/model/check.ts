import { expect } from 'vitest'
import { LAWS, runOf } from './laws.ts'
import { predict } from './model.ts'
import type { Recording } from './recording.ts'
import { blocks, type Scenario } from './scenario.ts'

/** Throws where what came out breaks a law, or isn't what the model says. */
export function check(scenario: Scenario, recording: Recording): void {
  const run = runOf(scenario, recording)
  const broken = Object.entries(LAWS).flatMap(([law, breaches]) =>
    breaches(run).map((breach) => `${law}: ${breach}`),
  )
  if (broken.length > 0) throw new Error(`Broken laws:\n  ${broken.join('\n  ')}`)
  // To the millisecond, which a loop that is blocked makes a matter of chance.
  if (blocks(scenario)) return
  const { reason, hooks, replies, report, exit } = recording
  expect({ reason, hooks, replies, report, exit }, 'what the model predicts').toEqual(
    predict(scenario),
  )
}
