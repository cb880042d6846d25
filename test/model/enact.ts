import type { HookContext } from '../../src/engine/hook.ts'
import { thrownValue } from '../support/hooks/hostile.ts'
import type { VirtualClock } from '../support/hooks/virtual.ts'
import type { Recording } from './recording.ts'
import type { ScenarioHook } from './scenario.ts'

/** Does what a hook of a scenario does when it is called, and records what it sees. */
export function enact(
  { name, ends, takes, blocks }: ScenarioHook,
  context: HookContext,
  stage: {
    readonly clock: VirtualClock
    readonly record: Recording
    /** Whether another hook is being called. */
    readonly nested: boolean
    /** Starts what else it does, now or later. */
    readonly deeds: () => void
    readonly now: () => Promise<unknown>
  },
): unknown {
  const { clock, record, nested, deeds, now } = stage
  const { signal, remaining } = context
  const at = clock.now()
  const deadline = context.deadline - clock.date() + at
  if (!record.exit) record.calls.push({ hook: name, at, remaining: remaining(), deadline, nested })
  signal.addEventListener('abort', () => {
    const abort = { hook: name, at: clock.now(), remaining: remaining() }
    // After its exit a real process would be gone.
    if (!record.exit) record.aborts.push(abort)
  })
  deeds()
  if (blocks > 0) clock.block(blocks)

  const settle = (well: boolean) => {
    if (!record.exit) record.settled.push({ hook: name, at: clock.now(), well })
    // Whatever it is that a hook throws: the model knows no difference.
    if (!well) throw thrownValue(takes + name.length)
  }
  // It comes from outside the process, and is read in a poll phase.
  const reply = () =>
    new Promise<void>((resolve) => clock.setTimeout(() => clock.afterPoll(resolve), takes))
  switch (ends) {
    case 'returns':
      return settle(true)
    case 'throws':
      return settle(false)
    case 'resolves':
      return reply().then(() => settle(true))
    case 'rejects':
      return reply().then(() => settle(false))
    case 'never':
      return new Promise(() => {})
    case 'gives up':
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      )
    case 'waits':
      return now()
  }
}
