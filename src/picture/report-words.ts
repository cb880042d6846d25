import { formatDuration } from '../base/duration.ts'
import type { Fault } from '../base/reason.ts'
import { hookNames } from '../base/summarize.ts'
import type { ErrorInfo } from '../base/thrown.ts'
import type { UnfinishedHooks } from '../engine/events.ts'
import type { HookReport, Report } from '../engine/report.ts'

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

/** Why a shutdown was not clean, in words: `hook 'kafka' was cut off`. `null` if it was. */
export function causeOf({ outcome, phases, faults }: Report): string | null {
  const hooks = phases.flatMap((phase) => phase.hooks)
  const namesOf = (isMeant: (hook: HookReport) => boolean) =>
    hooks.filter(isMeant).map(({ name }) => name)
  if (outcome === 'fault') return faultsInWords(faults)
  if (outcome === 'failed') {
    return `${hookNames(namesOf(({ status }) => status === 'failed'))} failed`
  }
  if (outcome === 'clean') return null
  const cutOff = (hook: HookReport) => hook.status === 'cut off'
  return lossInWords({
    running: namesOf((hook) => cutOff(hook) && hook.began !== null),
    waiting: namesOf((hook) => cutOff(hook) && hook.began === null),
  })
}

/** Hooks that did not end: `hook 'kafka' was cut off; hooks 'redis' and 'postgres' never ran`. */
export function lossInWords({ running, waiting }: UnfinishedHooks): string {
  const was = running.length === 1 ? 'was' : 'were'
  return [
    running.length === 0 ? [] : `${hookNames(running)} ${was} cut off`,
    waiting.length === 0 ? [] : `${hookNames(waiting)} never ran`,
  ]
    .flat()
    .join('; ')
}

/** The longest part of a fault's message that a line about something else repeats. */
const LONGEST_MESSAGE = 100

/** The first fault in one line, and how many more there were: `uncaughtException: boom; 2 more faults`. */
export function faultsInWords([first, ...others]: readonly Fault[]): string {
  if (!first) return ''
  const [line = ''] = first.error.message.split('\n', 1)
  const message = line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line
  const more =
    others.length === 0 ? '' : `; ${others.length} more ${others.length === 1 ? 'fault' : 'faults'}`
  return `${originInWords(first)}: ${message}${more}`
}

/** Where a fault came from. */
export function originInWords({ origin }: Pick<Fault, 'origin'>): string {
  return origin === 'lastcall' ? 'the library itself failed' : origin
}
