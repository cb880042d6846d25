import { formatDuration } from '../base/duration.ts'
import { type ErrorInfo, formatReason } from '../base/reason.ts'
import type { GraceSource } from '../engine/budget.ts'
import type { Coordinator } from '../engine/coordinator.ts'
import { EVENTS, type ShutdownEvent } from '../engine/events.ts'
import type { HookReport, Report } from '../engine/report.ts'
import { underWay } from '../picture/describe-hang.ts'
import type { Platform } from '../platform/platform.ts'
import { errorField, type Level, type Log, type LogLine } from './log.ts'

/** Writes a line for each thing that happens. */
export function logEvents(
  coordinator: Coordinator,
  log: Log,
  { platform }: { readonly platform: Platform; readonly graceFrom: GraceSource },
): void {
  const seen = { platform, done: 0 }
  const hear = (event: ShutdownEvent) => {
    const { level, say } = lineOf(event, seen)
    if (!log.takes(level)) return
    const [msg, fields] = say()
    log.write({ level, fields: { event: event.type, ...fields }, msg })
  }
  // By their names, to hear them before the application does: what it writes comes after our line.
  for (const type of EVENTS) if (type !== 'event') coordinator.on(type as 'start', hear)
}

/** What is lost where somebody else ends the process during a run. */
export function earlyExitLine(lost: readonly string[]): LogLine {
  return {
    level: 'fatal',
    fields: { event: 'exit:early', lost },
    msg: `process.exit() was called during the shutdown; these hooks are lost: ${lost.join(', ')}`,
  }
}

/** Hooks that went well beyond so many are told as `debug`: a thousand lines would hide the one that matters. */
const MANY = 20

/** What has been heard before, and what no event says. */
interface Seen {
  readonly platform: Platform
  /** How many hooks have ended well. */
  done: number
}

interface Line {
  readonly level: Level
  /** The message, and the fields; only asked for where somebody takes the level. */
  say(): [msg: string, fields: LogLine['fields']]
}

/** What is said of an event, and how loudly. A run of six hooks that goes well has nine lines of `info`. */
function lineOf(event: ShutdownEvent, seen: Seen): Line {
  switch (event.type) {
    case 'start':
      return {
        level: 'info',
        say: () => {
          const { reason, deadline, grace } = event
          const { name } = seen.platform
          const where = name === 'unknown' ? '' : ` (${name})`
          return [
            `${formatReason(reason)}: the run begins; deadline ${formatDuration(deadline)}, grace ${formatDuration(grace)}${where}`,
            { reason: formatReason(reason), kind: reason.kind, deadline, grace, platform: name },
          ]
        },
      }
    case 'phase:start':
      return {
        level: 'debug',
        say: () => [`phase ${event.phase} begins`, { phase: event.phase, at: exact(event.at) }],
      }
    case 'hook:start':
      return {
        level: 'debug',
        say: () => {
          const { hook, phase, at, limit } = event
          return [
            `hook '${hook}' (${phase}) begins; limit ${formatDuration(limit)}`,
            { hook, phase, at: exact(at), limit: exact(limit) },
          ]
        },
      }
    case 'hook:note':
      // It stands again with the hook's end.
      return {
        level: 'debug',
        say: () => {
          const { hook, text, at } = event
          return [`hook '${hook}': ${text}`, { hook, note: text, at: exact(at) }]
        },
      }
    case 'hook:end': {
      const { hook } = event
      if (hook.status === 'done') seen.done++
      return { level: levelOf(hook, seen), say: () => [describe(hook), hookFields(hook)] }
    }
    case 'phase:end':
      return {
        level: 'debug',
        say: () => {
          const { name, began, ended } = event.phase
          const duration = ended - began
          return [
            `phase ${name} ended after ${formatDuration(duration)}`,
            { phase: name, duration: exact(duration) },
          ]
        },
      }
    case 'repeat':
      return {
        level: event.samePress ? 'debug' : 'info',
        say: () => {
          const { signal, samePress } = event
          const meaning = samePress ? 'it is the same press' : 'it changes nothing'
          return [`${signal} during the run: ${meaning}`, { signal, samePress }]
        },
      }
    case 'forced':
      return {
        level: 'fatal',
        say: () => {
          const { signal, exitCode } = event
          return [
            `${signal} again: exiting at once with code ${exitCode}; hooks that were running are lost`,
            { signal, exitCode },
          ]
        },
      }
    case 'fault':
      return {
        level: 'error',
        say: () => {
          const { origin, error, at } = event.fault
          return [`${origin}: ${trace(error)}`, { origin, at: exact(at), err: errorField(error) }]
        },
      }
    case 'end':
      return { level: 'info', say: () => summary(event.report) }
    case 'exit':
      return {
        level: 'info',
        say: () => [`exit code ${event.exitCode}`, { exitCode: event.exitCode }],
      }
  }
}

function levelOf({ status }: HookReport, { done }: Seen): Level {
  if (status === 'done') return done > MANY ? 'debug' : 'info'
  return status === 'failed' ? 'error' : 'warn'
}

function describe(hook: HookReport): string {
  const { name, status, began, ended, limit, notes, error } = hook
  const which = `hook '${name}' (${phaseOf(hook)})`
  const said = notes.map((note) => `\n  ${note}`).join('')
  if (status === 'failed') return `${which} failed: ${error ? trace(error) : ''}${said}`
  if (began === null) return `${which} never ran: the deadline had passed before it could begin`
  if (status === 'cut off') {
    const meanwhile = underWay(hook)
      .map((line) => `\n  ${line}`)
      .join('')
    return `${which} was cut off after ${formatDuration(limit)}${said}${meanwhile}`
  }
  return [`${which} done after ${formatDuration(ended - began)}`, ...notes].join('; ')
}

function hookFields(hook: HookReport): LogLine['fields'] {
  const { name, status, began, ended, limit, notes, error, hang } = hook
  return {
    hook: name,
    phase: phaseOf(hook),
    status,
    began: began === null ? null : exact(began),
    duration: began === null ? 0 : exact(ended - began),
    limit: exact(limit),
    ...(notes.length === 0 ? {} : { notes }),
    ...(status === 'failed' && error ? { err: errorField(error) } : {}),
    ...(hang ? { hang } : {}),
  }
}

function phaseOf({ phase, priority }: HookReport): string {
  return phase ?? `priority ${priority}`
}

function summary({ outcome, exitCode, duration, phases }: Report): ReturnType<Line['say']> {
  const hooks = phases.flatMap((phase) => phase.hooks)
  const count = (wanted: HookReport['status']) =>
    hooks.filter(({ status }) => status === wanted).length
  const [done, failed, cutOff] = [count('done'), count('failed'), count('cut off')]
  const parts = [
    `${done} ${done === 1 ? 'hook' : 'hooks'} done`,
    failed > 0 ? `${failed} failed` : [],
    cutOff > 0 ? `${cutOff} cut off` : [],
  ].flat()
  return [
    `the run ended after ${formatDuration(duration)}, ${outcome}: ${parts.join(', ')}`,
    { outcome, exitCode, duration: exact(duration), hooks: { done, failed, cutOff } },
  ]
}

function trace({ name, message, stack, cause, errors }: ErrorInfo): string {
  const inner = [
    ...errors.map((error) => `\n  one of them: ${trace(error)}`),
    ...(cause ? [`\n  caused by: ${trace(cause)}`] : []),
  ]
  return `${stack ?? `${name}: ${message}`}${inner.join('')}`
}

/** Milliseconds, without the noise of a floating point. */
function exact(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
