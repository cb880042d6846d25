import { formatDuration } from '../base/duration.ts'
import { formatReason } from '../base/reason.ts'
import { firstTen, plural } from '../base/summarize.ts'
import type { ErrorInfo } from '../base/thrown.ts'
import type { GraceSource } from '../engine/budget.ts'
import type { Coordinator } from '../engine/coordinator.ts'
import {
  EVENTS,
  type EventMap,
  type ShutdownEvent,
  type UnfinishedHooks,
} from '../engine/events.ts'
import type { HookReport, HookStatus, Outcome, Report } from '../engine/report.ts'
import {
  errorTitle,
  hangLines,
  lossInWords,
  originInWords,
  phaseLabel,
} from '../picture/report-words.ts'
import { grantedBy, type Platform, SET_BY_APPLICATION } from '../platform/platform.ts'
import { isFirstToSay, type SharedShutdowns } from '../runtime/shared-shutdowns.ts'
import { errorField, type Level, type Log, type LogLine } from './log.ts'

interface LogSettings {
  readonly platform: Platform
  readonly graceFrom: GraceSource
  readonly sharedShutdowns: SharedShutdowns
  /** Whether it begins and exits with the other shutdowns of the process. */
  readonly exit: boolean
}

/** Writes a log line for each event of a shutdown. */
export function logEvents(coordinator: Coordinator, log: Log, settings: LogSettings): void {
  let hooksDone = 0
  const lines = linesWith(settings)
  const write = (event: ShutdownEvent) => {
    if (event.type === 'hook:end' && event.hook.status === 'done') hooksDone++
    const level = levelOf(event, hooksDone)
    if (!log.takes(level)) return
    const shared = sharedEvent(event)
    if (shared && !isFirstToSay(settings.sharedShutdowns, shared, coordinator, log.sink)) return
    const [msg, fields] = lines[event.type](event as never)
    log.write({ level, fields: { event: event.type, ...fields }, msg, isShared: shared !== null })
  }
  // One listener for each name, added before the application's: our line comes before its output.
  for (const type of EVENTS) if (type !== 'event') coordinator.on(type as 'start', write)
}

/** What happened, if it happened to the process, and not to one of its shutdowns: all of them may hear it. */
function sharedEvent(event: ShutdownEvent): string | null {
  if (event.type === 'exit' || event.type === 'forced') return event.type
  if (event.type === 'repeat') return `${event.type} ${event.signal}`
  if (event.type !== 'fault') return null
  const { origin, error } = event.fault
  return origin === 'listener' || origin === 'lastcall' ? null : `${origin} ${error.message}`
}

/** The line for a `process.exit()` of the application during a shutdown. */
export function earlyExitLine(unfinished: UnfinishedHooks): LogLine {
  return {
    level: 'fatal',
    fields: { event: 'exit:early', lost: namesOf(unfinished) },
    msg: `process.exit() was called during the shutdown (${lossInWords(unfinished)})`,
  }
}

/** The line that names the listeners of other code to the signal that has begun the shutdown. */
export function othersListenLine(signal: string, listeners: readonly string[]): LogLine {
  const isOne = listeners.length === 1
  const [they, are, need, them] = isOne
    ? ['it', 'is', 'needs', 'it']
    : ['they', 'are', 'need', 'them']
  return {
    level: 'warn',
    fields: { event: 'others', signal, listeners },
    isShared: true,
    msg: `${signal} is also heard by ${firstTen(listeners, 'listener').join(', ')}: the process exits when lastcall's hooks have ended, perhaps before ${they} ${are} done; set signals: { others: 'after' } to let ${them} finish, or 'beside' if ${they} ${need} no time`,
  }
}

/** The line for listeners of other code that had not ended at the deadline. */
export function othersCutOffLine(listeners: readonly string[]): LogLine {
  return {
    level: 'error',
    fields: { event: 'others:lost', listeners },
    isShared: true,
    msg: `at the deadline, these listeners to signals were not done, and are lost: ${firstTen(listeners, 'listener').join(', ')}`,
  }
}

function namesOf({ running, waiting }: UnfinishedHooks): string[] {
  return [...running, ...waiting]
}

/** After this many done hooks, further ones are logged as `debug`: a thousand lines would hide a failure. */
const MANY = 20

/**
 * The rest is `debug`, unless `levelOf()` says otherwise. A clean shutdown of six hooks logs nine lines
 * of `info`.
 */
const LEVELS: { readonly [Type in ShutdownEvent['type']]?: Level } = {
  start: 'info',
  fault: 'error',
  forced: 'fatal',
}

function levelOf(event: ShutdownEvent, hooksDone: number): Level {
  if (event.type === 'repeat') return event.samePress ? 'debug' : 'info'
  if (event.type === 'hook:note') return event.level
  if (event.type === 'hook:end') {
    if (event.hook.status !== 'done') return 'error'
    return hooksDone > MANY ? 'debug' : 'info'
  }
  if (event.type === 'end') return levelOfOutcome(event.report.outcome)
  if (event.type === 'exit') return levelOfOutcome(event.outcome)
  return LEVELS[event.type] ?? 'debug'
}

function levelOfOutcome(outcome: Outcome): Level {
  return outcome === 'clean' ? 'info' : 'error'
}

type Content = readonly [msg: string, fields: LogLine['fields']]

/** The log line of each event: the message for people, the fields for programs. */
function linesWith({ platform, graceFrom, sharedShutdowns, exit }: LogSettings): {
  [Type in ShutdownEvent['type']]: (event: EventMap[Type][0]) => Content
} {
  return {
    start: ({ reason, deadline, grace }) => {
      const why = formatReason(reason)
      const source = graceFrom === 'option' ? SET_BY_APPLICATION : grantedBy(platform)
      // What began the others has been said.
      const isFirst = !exit || sharedShutdowns.reason === undefined
      return [
        `${isFirst ? `${why}: shutting down` : 'shutting down too'}; deadline ${formatDuration(deadline)} (grace ${formatDuration(grace)}, ${source})`,
        { reason: why, kind: reason.kind, deadline, grace, platform: platform.name },
      ]
    },
    'phase:start': ({ phase, at }) => [`phase ${phase} begins`, { phase, at: exact(at) }],
    'hook:start': ({ hook, phase, at, limit }) => [
      `hook '${hook}' (${phase}) begins; limit ${formatDuration(limit)}`,
      { hook, phase, at: exact(at), limit: exact(limit) },
    ],
    'hook:note': ({ hook, text, at }) => [
      `hook '${hook}': ${text}`,
      { hook, note: text, at: exact(at) },
    ],
    'hook:end': ({ hook }) => [hookMessage(hook), hookFields(hook)],
    'phase:end': ({ phase: { name, began, ended } }) => [
      `phase ${name} done in ${formatDuration(ended - began)}`,
      { phase: name, duration: exact(ended - began) },
    ],
    repeat: ({ signal, samePress }) => [
      `${signal} during the shutdown: ${samePress ? 'a repeat of the same press' : 'already shutting down'}`,
      { signal, samePress },
    ],
    forced: ({ signal, exitCode, ...unfinished }) => {
      const loss = lossInWords(unfinished)
      return [
        `${signal} again: exiting at once with code ${exitCode}${loss === '' ? '' : ` (${loss})`}`,
        { signal, exitCode, lost: namesOf(unfinished) },
      ]
    },
    fault: ({ fault }) => [
      `${originInWords(fault)}: ${errorTrace(fault.error)}`,
      { origin: fault.origin, at: exact(fault.at), err: errorField(fault.error) },
    ],
    end: ({ report }) => endContent(report),
    exit: ({ exitCode, outcome, because }) => {
      // After a clean shutdown the code is 0, unless the application has set another.
      const isOwn = outcome === 'clean' && exitCode !== 0
      const why = because ?? (isOwn ? "the application's own" : null)
      return [
        `exiting with code ${exitCode}${why === null ? '' : ` (${why})`}`,
        { exitCode, outcome, because },
      ]
    },
  }
}

function hookMessage(hook: HookReport): string {
  const { name, status, began, ended, limit, notes, error } = hook
  const label = `hook '${name}' (${phaseLabel(hook)})`
  const block = (lines: readonly string[]) => lines.map((line) => `\n  ${line}`).join('')
  if (status === 'failed') {
    return `${label} failed: ${error ? errorTrace(error) : ''}${block(notes)}`
  }
  if (began === null) return `${label} never ran: the deadline had passed before it could begin`
  if (status === 'cut off') {
    return `${label} was cut off after ${formatDuration(limit)}${block([...notes, ...hangLines(hook)])}`
  }
  return [`${label} done in ${formatDuration(ended - began)}`, ...notes].join('; ')
}

function hookFields(hook: HookReport): LogLine['fields'] {
  const { name, status, began, ended, limit, notes, error, hang } = hook
  return {
    hook: name,
    phase: phaseLabel(hook),
    status,
    began: began === null ? null : exact(began),
    duration: began === null ? 0 : exact(ended - began),
    limit: exact(limit),
    ...(notes.length === 0 ? {} : { notes }),
    ...(status === 'failed' && error ? { err: errorField(error) } : {}),
    ...(hang ? { hang } : {}),
  }
}

const OUTCOME_WORDS: Record<Outcome, string> = {
  clean: 'complete in',
  failed: 'failed in',
  'cut off': 'cut off after',
  fault: 'failed in',
}

function endContent({ outcome, exitCode, duration, phases, faults }: Report): Content {
  const hooks = phases.flatMap((phase) => phase.hooks)
  const countOf = (status: HookStatus) => hooks.filter((hook) => hook.status === status).length
  const [done, failed, cutOff] = [countOf('done'), countOf('failed'), countOf('cut off')]
  const counts = [
    `${plural(done, 'hook')} done`,
    failed > 0 ? `${failed} failed` : [],
    cutOff > 0 ? `${cutOff} cut off` : [],
    faults.length > 0 ? plural(faults.length, 'fault') : [],
  ].flat()
  return [
    `shutdown ${OUTCOME_WORDS[outcome]} ${formatDuration(duration)}: ${counts.join(', ')}`,
    { outcome, exitCode, duration: exact(duration), hooks: { done, failed, cutOff } },
  ]
}

/** The stack of an error, with the stacks of its `cause` and its `errors`. */
function errorTrace(error: ErrorInfo): string {
  const inner = [
    ...error.errors.map((one) => `\n  one of them: ${errorTrace(one)}`),
    error.cause ? `\n  caused by: ${errorTrace(error.cause)}` : '',
  ]
  return `${error.stack ?? errorTitle(error)}${inner.join('')}`
}

/** Milliseconds, rounded to microseconds. */
function exact(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
