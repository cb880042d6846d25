import { AssertionError } from 'node:assert'
import { likelyName } from '../base/did-you-mean.ts'
import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import { invalidOption, notOneOf, optionNames, refuseUnknownOptions, show } from '../base/errors.ts'
import { formatPlan, type Plan, type PlannedHook } from '../engine/plan.ts'
import type { HookReport, Report } from '../engine/report.ts'
import { errorTitle, phaseLabel } from '../picture/report-words.ts'
import { formatReport } from '../picture/timeline.ts'
import { cutOffDuringRealWork } from './real-work.ts'

/** Names of hooks in the order in which they have to run; in a nested array, in any order. */
export type HookOrder = readonly (string | readonly string[])[]

/** The options of `expectOrder()` and `expectBefore()`. */
export interface OrderOptions {
  /**
   * `'done'`: a hook counts as ended only if it did its work. A hook that was cut off may still be at work,
   * and one that failed may have done nothing. `'any'`: the order alone counts. Default `'done'`.
   */
  readonly endedBy?: 'done' | 'any' | undefined
}

/** The options of `expectCleanEnd()`. */
export interface CleanEndOptions {
  /** The part of its limit that each hook must have left, in per cent. Default 0. */
  readonly headroom?: number | undefined
}

/** Whether a report meets an expectation. */
export interface CheckResult {
  readonly pass: boolean
  /** Of whom something is expected: `the hooks` */
  readonly subject: string
  /** What is expected: `run in the order http → jobs` */
  readonly expected: string
  /** Why it passes or fails: `'jobs' began at 0 ms, and 'http' ran from 0 ms to 2 s` */
  readonly because: string
}

/** Each hook had ended before the next began. */
export function checkOrder(
  report: unknown,
  order: HookOrder,
  options: OrderOptions = {},
): CheckResult {
  const endedBy = endedByOf(options)
  if (!Array.isArray(order) || order.length === 0) {
    throw invalidOption('order', "an array of names, such as ['http', 'postgres']", order)
  }
  if (order.some((step) => step.length === 0) || hasTwice(order.flat())) {
    throw invalidOption('order', 'made of names, each of them once', order)
  }
  const steps = order.map((step) => [step].flat().map((name) => findHook(report, name)))
  const pairs = steps.flatMap((hooks, index) =>
    hooks.flatMap((one) => (steps[index + 1] ?? []).map((next) => [one, next] as const)),
  )
  const wrong = pairs.find(([one, next]) => !precedes(one, next))
  const unfinished = endedBy === 'any' ? undefined : pairs.find(([one]) => !isDone(one))
  const problem =
    describeNeverRan(steps.flat()) ??
    (wrong && describeOrder(...wrong)) ??
    (unfinished && describeUnfinished(...unfinished))
  const expected = `run in the order ${order.map(showStep).join(' → ')}`
  return { pass: !problem, subject: 'the hooks', expected, because: problem ?? 'they did' }
}

/** No two hooks ran one after the other. */
export function checkTogether(report: unknown, names: readonly string[]): CheckResult {
  if (!Array.isArray(names) || names.length < 2 || hasTwice(names)) {
    const rule = "an array of two names or more, each of them once, such as ['http', 'jobs']"
    throw invalidOption('names', rule, names)
  }
  const hooks = names.map((name) => findHook(report, name))
  const pairs = hooks.flatMap((one) => hooks.map((other) => [one, other] as const))
  const wrong = pairs.find(([one, other]) => precedes(one, other))
  const problem = describeNeverRan(hooks) ?? (wrong && describeApart(...wrong))
  const subject = names.map((name) => `'${name}'`).join(' and ')
  return { pass: !problem, subject, expected: 'run together', because: problem ?? 'they did' }
}

/** A limit ended the hook, or it never began because the deadline had passed. */
export function checkCutOff(report: unknown, name: string): CheckResult {
  const found = findHook(report, name)
  const { hook } = found
  const [lasted, limit] = showTimes([hook.ended - (hook.began ?? hook.ended), hook.limit])
  const outcomes = {
    'cut off': `it was, after ${formatDuration(hook.limit)}`,
    done: `it was done after ${lasted} of ${limit}`,
    failed: `it failed after ${lasted} of ${limit}`,
  }
  const because = describeNeverRan([found]) ?? outcomes[hook.status]
  const pass = hook.status === 'cut off'
  return { pass, subject: `'${name}'`, expected: 'be cut off', because }
}

/** The hook's limit was no shorter than this, however much of it the hook used. */
export function checkTime(report: unknown, name: string, atLeast: Duration): CheckResult {
  const wanted = parseDuration(atLeast, 'atLeast', 0)
  const found = findHook(report, name)
  const { hook } = found
  const [least, limit] = showTimes([wanted, hook.limit])
  const because = describeNeverRan([found]) ?? `its limit was ${limit}`
  const pass = hook.began !== null && hook.limit >= wanted
  return { pass, subject: `'${name}'`, expected: `have at least ${least}`, because }
}

/** No hook was cut off, failed or late, and no error happened outside of the hooks. */
export function checkCleanEnd(report: unknown, options: CleanEndOptions = {}): CheckResult {
  const { phases, faults } = checkReport(report)
  const headroom = headroomOf(options)
  const hooks = phases.flatMap((phase) => phase.hooks)
  const [fault] = faults
  const problem =
    (fault && `there was a fault: ${errorTitle(fault.error)}`) ??
    hooks.map((hook) => describeUnclean(hook, headroom)).find((one) => one !== undefined)
  const left = headroom === 0 ? '' : `, with ${headroom} % of each limit left`
  const expected = `end clean${left}`
  return { pass: !problem, subject: 'the shutdown', expected, because: problem ?? 'it did' }
}

/** The last hook was over by then. */
export function checkEndWithin(report: unknown, atMost: Duration): CheckResult {
  const wanted = parseDuration(atMost, 'atMost')
  const { duration } = checkReport(report)
  const [most, took] = showTimes([wanted, duration])
  const because = `it took ${took}`
  const expected = `end within ${most}`
  return { pass: duration <= wanted, subject: 'the shutdown', expected, because }
}

/** The shutdown is over by then, even if each hook takes all the time that it may. */
export function checkPlanFits(plan: unknown, atMost: Duration): CheckResult {
  const wanted = parseDuration(atMost, 'atMost')
  const { margin, phases } = checkPlan(plan)
  const last = phases
    .flatMap((phase) => phase.hooks)
    .reduce<PlannedHook | undefined>((a, b) => (a && a.endsBy >= b.endsBy ? a : b), undefined)
  const needs = (last?.endsBy ?? 0) + margin
  const [most, longest, endsBy] = showTimes([wanted, needs, last?.endsBy ?? 0])
  const sum = last ? `'${last.name}' may end at ${endsBy}, and the margin is ` : 'the margin is '
  return {
    pass: needs <= wanted,
    subject: 'the shutdown',
    expected: `fit in ${most}`,
    because: `it may take ${longest}: ${sum}${formatDuration(margin)}`,
  }
}

/** The message for a failed expectation, or for a negated one that passes, with a picture of the shutdown. */
export function failureMessage(result: CheckResult, report: unknown): string {
  // No colours, and room for the indent of each runner: messages are compared, logged and indented.
  const picture = formatReport(checkReport(report), { width: 72, colors: false })
  return [sentence(result), ...hints(report as Report), `${picture}\n`].join('\n\n')
}

/** The same for an expectation about a plan. */
export function planFailureMessage(result: CheckResult, plan: Plan): string {
  return `${sentence(result)}\n\n${formatPlan(plan)}\n`
}

/** The error of a failed expectation. */
export function failure(message: string): AssertionError {
  // jest prints the message of an error with this operator. With any other it prints a diff of nothing.
  const error = new AssertionError({ message, operator: 'fail' })
  // Node 22 and later add it, and vitest prints its value, `simple`, as if it were a diff.
  Reflect.deleteProperty(error, 'diff')
  // No values are compared: node:test and bun would print that they are undefined.
  for (const name of ['actual', 'expected', 'generatedMessage', 'operator']) {
    Object.defineProperty(error, name, { enumerable: false })
  }
  return error
}

/** Calls a function of this file. If it throws, the stack of the error begins where the test called `caller`. */
export function calledBy<T>(caller: (...args: never[]) => unknown, check: () => T): T {
  try {
    return check()
  } catch (error) {
    pointTo(caller, error as Error)
    throw error
  }
}

/** Lets the stack of an error begin where the test called `caller`. Its first line stays: some Nodes change it. */
function pointTo(caller: (...args: never[]) => unknown, error: Error): void {
  const { stack = '', message } = error
  const endOfMessage = (text: string) => text.indexOf(message) + message.length
  const head = stack.slice(0, endOfMessage(stack))
  Error.captureStackTrace(error, caller)
  error.stack = head + error.stack?.slice(endOfMessage(error.stack))
}

function sentence({ pass, subject, expected, because }: CheckResult): string {
  return `Expected ${subject} ${pass ? 'not to' : 'to'} ${expected}, but ${because}.`
}

/** What explains a hook that was cut off because the test moved the clock past real work. */
function hints(report: Report): string[] {
  return cutOffDuringRealWork(report).map(
    ({ name, work }) =>
      `Hint: '${name}' was cut off while real work was going on (${work}). advance() moves the clock of the test, and real work needs real time. \`await app.run('SIGTERM')\` waits for it.`,
  )
}

/** A hook of a report, with the position of its phase among those that ran. */
interface HookMatch {
  readonly hook: HookReport
  readonly phase: number
}

function findHook(report: unknown, name: string): HookMatch {
  const { phases } = checkReport(report)
  if (typeof name !== 'string') throw invalidOption('name', 'the name of a hook', name)
  for (const [phase, { hooks }] of phases.entries()) {
    const hook = hooks.find((one) => one.name === name)
    if (hook) return { hook, phase }
  }
  const all = phases.flatMap(({ hooks }) => hooks.map((hook) => hook.name))
  const likely = likelyName(name, all)
  const question = likely ? ` Did you mean '${likely}'?` : ''
  throw failure(
    `There is no hook '${name}' in the report.${question} It has ${all.map((one) => `'${one}'`).join(', ') || 'none'}.`,
  )
}

/** Refuses anything but a report. Most often it is missing: the shutdown is not over. */
function checkReport(report: unknown): Report {
  const { phases, version } = Object(report) as Partial<Report>
  const isReport = Array.isArray(phases) && version === 1
  if (isReport && phases.every(({ hooks }) => Array.isArray(hooks))) return report as Report
  if (report === undefined) throw failure(NO_REPORT)
  if (Array.isArray(phases) && version !== undefined && version !== 1) {
    throw failure(
      `The report has version ${show(version)}. This version of lastcall reads reports of version 1.`,
    )
  }
  const isPlan = Array.isArray(phases) && 'deadline' in Object(report)
  const fix = isPromise(report)
    ? 'Await it.'
    : isPlan
      ? 'This is a plan: the report is what `await app.run()` returns.'
      : 'Pass the `report` of a shutdown.'
  throw failure(`Expected a report, got ${show(report)}. ${fix}`)
}

const NO_REPORT =
  "There is no report: the shutdown is not over, has not begun, or was forced to exit. Write `const report = await app.run('SIGTERM')`. Or send a signal, and move the clock until the last hook has ended or is cut off: `await app.signal('SIGTERM')`, `await app.advance('10s')`."

/** Refuses anything but a plan. */
function checkPlan(plan: unknown): Plan {
  const { phases, margin } = Object(plan) as Partial<Plan>
  const isPlan = typeof margin === 'number' && Array.isArray(phases) && !('reason' in Object(plan))
  if (isPlan) return plan as Plan
  throw failure(`Expected a plan, got ${show(plan)}. Pass what \`shutdown.plan()\` returns.`)
}

const isPromise = (value: unknown) => typeof Object(value).then === 'function'

function endedByOf(options: OrderOptions): 'done' | 'any' {
  refuseUnknownOptions(options, ORDER_OPTIONS, "{ endedBy: 'any' }")
  const { endedBy = 'done' } = options
  if (endedBy === 'done' || endedBy === 'any') return endedBy
  throw notOneOf('endedBy', ['done', 'any'], endedBy)
}

function headroomOf(options: CleanEndOptions): number {
  refuseUnknownOptions(options, CLEAN_END_OPTIONS, '{ headroom: 20 }')
  const { headroom = 0 } = options
  if (typeof headroom === 'number' && headroom >= 0 && headroom < 100) return headroom
  throw invalidOption('headroom', 'a number of per cent, from 0 to 99', headroom)
}

const ORDER_OPTIONS = optionNames<OrderOptions>({ endedBy: true })
const CLEAN_END_OPTIONS = optionNames<CleanEndOptions>({ headroom: true })

/**
 * Whether a hook had ended before another began. If both happened at the same instant, because a test's
 * clock stands still, the hook of the earlier phase came first.
 */
function precedes(one: HookMatch, other: HookMatch): boolean {
  const { began } = other.hook
  if (began === null || one.hook.ended > began) return false
  return one.hook.ended < began || one.phase < other.phase
}

const isDone = ({ hook }: HookMatch) => hook.status === 'done'

/** Names the first hook that never ran, if there is one. */
function describeNeverRan(found: readonly HookMatch[]): string | undefined {
  const match = found.find(({ hook }) => hook.began === null)
  return match && `'${match.hook.name}' never ran: the deadline had passed`
}

/** Why one hook did not end before the next began. */
function describeOrder(one: HookMatch, next: HookMatch): string {
  const times = describeTimes(one, next)
  const [first, second] = [one, next].map(({ hook }) => `'${hook.name}'`)
  if (one.phase === next.phase) {
    return `${first} and ${second} are both in ${phaseOf(one)}, and the hooks of one phase run together (${times}). To run ${first} before ${second}, give it an earlier phase`
  }
  if (next.phase < one.phase) {
    return `${second} is in ${phaseOf(next)}, which runs before ${phaseOf(one)} of ${first} (${times})`
  }
  return times
}

/** Why two hooks did not run together. */
function describeApart(one: HookMatch, other: HookMatch): string {
  const [first, second] = [one, other].map(
    (match) => `'${match.hook.name}' is in ${phaseOf(match)}`,
  )
  const times = describeTimes(one, other)
  if (one.phase === other.phase) return times
  return `${first} and ${second}, and phases run one after another (${times})`
}

/** A hook that had its turn before the next one, and did not do its work. */
function describeUnfinished({ hook }: HookMatch, { hook: next }: HookMatch): string {
  const [at] = showTimes([hook.ended])
  const what =
    hook.status === 'failed'
      ? `'${hook.name}' failed at ${at} (${hook.error ? errorTitle(hook.error) : 'without an error'}): it had not done its work when '${next.name}' began`
      : `'${hook.name}' was cut off at ${at}: it may still have been at work when '${next.name}' began`
  return `${what}. If the order alone counts, pass { endedBy: 'any' }`
}

/** What is wrong with the end of a hook, if anything is. */
function describeUnclean(hook: HookReport, headroom: number): string | undefined {
  const { name, began, status, error } = hook
  const label = `'${name}' (${phaseLabel(hook)})`
  if (began === null) return `${label} never ran: the deadline had passed`
  const [took, limit] = showTimes([hook.ended - began, hook.limit])
  if (status === 'failed')
    return `${label} failed: ${error ? errorTitle(error) : 'without an error'}`
  if (status === 'cut off') return `${label} was cut off after ${limit}`
  const used = (hook.ended - began) / hook.limit
  if (used > 1) return `${label} was late: it took ${took}, and its limit was ${limit}`
  if (1 - used >= headroom / 100) return undefined
  return `${label} took ${took} of its limit of ${limit}, and left ${Math.floor((1 - used) * 100)} %`
}

/** The times of two hooks that ran. */
function describeTimes({ hook: one }: HookMatch, { hook: other }: HookMatch): string {
  const [began, from, to] = showTimes([other.began, one.began, one.ended].map(Number))
  return `'${other.name}' began at ${began}, and '${one.name}' ran from ${from} to ${to}`
}

/** `the phase close`, or `priority 350`. */
function phaseOf({ hook }: HookMatch): string {
  return hook.phase === null ? phaseLabel(hook) : `the phase ${hook.phase}`
}

/** Rounded times such as `6.08 s`; exact milliseconds if different times would look the same. */
function showTimes(times: readonly number[]): string[] {
  const texts = times.map(formatDuration)
  const differ = new Set(texts).size === new Set(times).size
  return differ ? texts : times.map((time) => `${Number(time.toFixed(3))} ms`)
}

function showStep(names: string | readonly string[]): string {
  return typeof names === 'string' ? names : `(${names.join(', ')})`
}

function hasTwice(names: readonly unknown[]): boolean {
  return new Set(names).size < names.length
}
