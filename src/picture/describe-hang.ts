import { formatDuration } from '../base/duration.ts'
import type { Hang, HookReport } from '../engine/report.ts'

/** What else was under way when a hook was cut off, a line each; nothing of a hook that was not. */
export function underWay({ hang }: Pick<HookReport, 'hang'>): string[] {
  if (!hang) return []
  const others = hang.others.flatMap(({ name, phase, priority, age, waitingFor }) => [
    `still running: hook '${name}' (${phase ?? `priority ${priority}`}), ${formatDuration(age)} old`,
    ...waitingFor.map((one) => `  waits for ${one}`),
  ])
  return [...others, ...loopOf(hang)]
}

function loopOf({ resources }: Hang): string[] {
  const kinds = Object.entries(resources).map(([kind, number]) => `${number} ${kind}`)
  return kinds.length === 0 ? [] : [`the event loop is kept going by ${kinds.join(', ')}`]
}
