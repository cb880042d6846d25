import { formatDuration } from '../base/duration.ts'
import type { ErrorInfo } from '../base/thrown.ts'
import type { HookReport } from '../engine/report.ts'

// Words that the log and the pictures of a report share.

/** An error in one line, without its stack. */
export function errorTitle({ name, message }: ErrorInfo): string {
  return `${name}: ${message}`
}

/** The phase of a hook, or its priority if the hook named no phase. */
export function phaseLabel({ phase, priority }: Pick<HookReport, 'phase' | 'priority'>): string {
  return phase ?? `priority ${priority}`
}

/** What else was under way when a hook was cut off, in lines. Empty for a hook that was not cut off. */
export function hangLines({ hang }: Pick<HookReport, 'hang'>): string[] {
  if (!hang) return []
  const hooks = hang.others.flatMap((hook) => [
    `still running: hook '${hook.name}' (${phaseLabel(hook)}), ${formatDuration(hook.age)} old`,
    ...hook.waitingFor.map((one) => `  waits for ${one}`),
  ])
  const kinds = Object.entries(hang.resources).map(([kind, number]) => `${number} ${kind}`)
  const loop = kinds.length === 0 ? [] : [`the event loop is kept going by ${kinds.join(', ')}`]
  return [...hooks, ...loop]
}
