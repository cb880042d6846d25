import type { Reason } from '../base/reason.ts'
import { plural } from '../base/summarize.ts'
import type { ErrorInfo } from '../base/thrown.ts'
import type { Hang, HookReport, Report } from '../engine/report.ts'

/** A report with as much as a picture can show. */
export interface Condensed {
  readonly report: Report
  /** What the picture leaves out, in lines. */
  readonly rest: readonly string[]
}

/** More rows are not read, and take long to draw. */
const MOST_ROWS = 100

/** The most notes of all hooks, and the most lines about what else was running. */
const MOST_NOTES = 100

/** How many causes of causes, errors of an error, and hooks beside one that was cut off. */
const MOST_INSIDE = 10

/** In characters. */
const LONGEST_NAME = 200
const LONGEST_TEXT = 1000
const LONGEST_STACK = 10_000

/**
 * Leaves out what no reader could look at: of very many hooks all but those that were not done and the
 * slowest, most of very many notes and faults, and the ends of very long texts.
 */
export function condense(report: Report): Condensed {
  const hooks = report.phases.flatMap((phase) => phase.hooks)
  const shown = new Set(hooks.length > MOST_ROWS ? worstOf(hooks) : hooks)
  const takeNotes = taker(MOST_NOTES)
  const takeRunning = taker(MOST_NOTES)
  const cutHook = (hook: HookReport): HookReport => ({
    ...hook,
    name: cutName(hook.name),
    notes: takeNotes(hook.notes, 'note').map(cutText),
    error: hook.error && cutError(hook.error),
    hang: hook.hang && cutHang(hook.hang, takeRunning),
  })
  const phases = report.phases.flatMap((phase) => {
    const kept = phase.hooks.filter((hook) => shown.has(hook))
    const isShown = kept.length > 0 || report.phases.length <= MOST_ROWS
    return isShown ? [{ ...phase, name: cutName(phase.name), hooks: kept.map(cutHook) }] : []
  })
  const faults = report.faults
    .slice(0, MOST_ROWS)
    .map((fault) => ({ ...fault, error: cutError(fault.error) }))
  const left = hooks.filter((hook) => !shown.has(hook))
  return {
    report: { ...cutTexts(report), reason: cutReason(report.reason), phases, faults },
    rest: [
      ...(left.length === 0
        ? []
        : [`… and ${plural(left.length, 'more hook')}, ${endingsOf(left)}`]),
      ...more(report.faults.length - faults.length, 'fault'),
    ],
  }
}

/** Those that were not done first, then the slowest. */
function worstOf(hooks: readonly HookReport[]): readonly HookReport[] {
  const rank = { 'cut off': 0, failed: 1, done: 2 } as const
  const took = ({ began, ended }: HookReport) => ended - (began ?? ended)
  return [...hooks]
    .sort((one, other) => rank[one.status] - rank[other.status] || took(other) - took(one))
    .slice(0, MOST_ROWS)
}

function endingsOf(hooks: readonly HookReport[]): string {
  const counts = (['done', 'failed', 'cut off'] as const).flatMap((status) => {
    const number = hooks.filter((hook) => hook.status === status).length
    return number === 0 ? [] : [{ status, number }]
  })
  const [first] = counts
  if (counts.length === 1) return `all ${first?.status}`
  return counts.map(({ status, number }) => `${number} ${status}`).join(', ')
}

function more(number: number, noun: string): string[] {
  return number > 0 ? [`… and ${plural(number, `more ${noun}`)}`] : []
}

/** Takes from one list after the other, this many entries in all. */
type Taker = (list: readonly string[], noun: string) => string[]

function taker(most: number): Taker {
  let left = most
  return (list, noun) => {
    const taken = list.slice(0, left)
    left -= taken.length
    return [...taken, ...more(list.length - taken.length, noun)]
  }
}

function cutHang({ others, resources }: Hang, take: Taker): Hang {
  const waits = others.slice(0, MOST_INSIDE).map((hook) => ({
    ...hook,
    name: cutName(hook.name),
    phase: hook.phase && cutName(hook.phase),
    waitingFor: take(hook.waitingFor, 'thing').map(cutName),
  }))
  const kinds = Object.entries(resources).slice(0, MOST_INSIDE)
  return {
    others: waits,
    resources: Object.fromEntries(kinds.map(([kind, number]) => [cutName(kind), number])),
  }
}

function cutError(error: ErrorInfo, depth = 0): ErrorInfo {
  const { name, message, code, stack, cause, errors } = error
  const inner = depth >= MOST_INSIDE ? [] : errors.slice(0, MOST_INSIDE)
  return {
    name: cutName(name),
    message: cutText(message),
    code: code && cutName(code),
    stack: stack && cut(stack, LONGEST_STACK),
    cause: cause && depth < MOST_INSIDE ? cutError(cause, depth + 1) : null,
    errors: inner.map((one) => cutError(one, MOST_INSIDE)),
  }
}

function cutReason(reason: Reason): Reason {
  return reason.kind === 'fault'
    ? { ...cutTexts(reason), error: cutError(reason.error) }
    : cutTexts(reason)
}

/** The same object with its own texts cut. */
function cutTexts<T extends object>(value: T): T {
  const entries = Object.entries(value).map(([name, one]) => [
    name,
    typeof one === 'string' ? cutName(one) : one,
  ])
  return Object.fromEntries(entries) as T
}

export function cutName(text: string): string {
  return cut(text, LONGEST_NAME)
}

function cutText(text: string): string {
  return cut(text, LONGEST_TEXT)
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text
  // Half a surrogate pair would be shown as a code.
  const kept = text.slice(0, longest).replace(/[\ud800-\udbff]$/, '')
  return `${kept}… (${text.length - kept.length} more characters)`
}
