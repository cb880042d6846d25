import { expect } from 'vitest'
import type { Account } from './account.ts'
import { LAWS, runOf } from './laws.ts'
import { predict } from './model.ts'
import type { Recording } from './recording.ts'
import { blocks, type Scenario } from './scenario.ts'

/** Throws where the recording breaks a law, or is not what the model predicts. */
export function check(scenario: Scenario, recording: Recording): void {
  const run = runOf(scenario, recording)
  const broken = Object.entries(LAWS).flatMap(([law, breaches]) =>
    breaches(run).map((breach) => `${law}: ${breach}`),
  )
  if (broken.length > 0) throw new Error(`Broken laws:\n  ${broken.join('\n  ')}`)
  // The prediction is exact to the millisecond, which it cannot be where the event loop is blocked.
  if (blocks(scenario)) return
  const { reason, hooks, replies, report, exit } = recording
  const predicted = predict(scenario)
  expect(
    { reason, hooks, replies, report, exit: withoutTime(exit) },
    'what the model predicts',
  ).toEqual({ ...predicted, exit: withoutTime(predicted.exit) })
  if (exit) expect(exit.at, 'when it exits').toBeCloseTo(Number(predicted.exit?.at), 5)
}

/** Compared on its own: a flush ends at a part of a margin, whose last digits depend on the additions. */
function withoutTime(exit: Account['exit']): Account['exit'] {
  return exit && { ...exit, at: 0 }
}
