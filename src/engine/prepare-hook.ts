import { invalidOption } from '../base/errors.ts'
import { checkHook, type Hook, type PreparedHook } from './hook.ts'
import { findPhase, type Phase, parsePriority } from './phases.ts'

/** Checks a hook and converts its durations. */
export function prepareHook(hook: Hook, phases: ReadonlyMap<string, Phase>): PreparedHook {
  const durations = checkHook(hook)
  const { name, phase, priority } = hook
  if ((phase === undefined) === (priority === undefined)) {
    throw invalidOption(
      `phase of hook '${name}'`,
      `given, or \`priority\` in its place, and not both (phases: ${[...phases.keys()].join(', ')})`,
      phase,
    )
  }
  return {
    name,
    phase: phase ?? null,
    priority:
      priority === undefined
        ? findPhase(phases, phase, ` of hook '${name}'`).priority
        : parsePriority(priority, `priority of hook '${name}'`),
    run: (context) => hook.run(context),
    ...durations,
  }
}
