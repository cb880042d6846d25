import { AssertionError } from 'node:assert'
import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import { invalidOption, show } from '../base/errors.ts'
import type { HookReport, Report } from '../engine/report.ts'
import { formatReport } from '../picture/timeline.ts'

/** Names of hooks in the order in which they have to run; in a nested array, in any order. */
export type HookOrder = readonly (string | readonly string[])[]

/** Whether a report meets an expectation. */
export interface CheckResult {
  readonly pass: boolean
  /** `the hooks to run in the order http → jobs` */
  readonly expected: string
  /** Why it passes or fails: `'jobs' began at 0 ms, and 'http' ran from 0 ms to 2 s` */
  readonly because: string
}

/** Each hook had ended before the next began. */
export function checkOrder(report: Report | undefined, order: HookOrder): CheckResult {
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
  const problem = describeNeverRan(steps.flat()) ?? (wrong && describeTimes(...wrong))
  const expected = `the hooks to run in the order ${order.map(showStep).join(' → ')}`
  return { pass: problem === undefined, expected, because: problem ?? 'they did' }
}

/** No two hooks ran one after the other. */
export function checkTogether(report: Report | undefined, names: readonly string[]): CheckResult {
  if (!Array.isArray(names) || names.length < 2 || hasTwice(names)) {
    const rule = "an array of two names or more, each of them once, such as ['http', 'jobs']"
    throw invalidOption('names', rule, names)
  }
  const hooks = names.map((name) => findHook(report, name))
  const pairs = hooks.flatMap((one) => hooks.map((other) => [one, other] as const))
  const wrong = pairs.find(([one, other]) => precedes(one, other))
  const problem = describeNeverRan(hooks) ?? (wrong && describeTimes(...wrong))
  const expected = `${names.map((name) => `'${name}'`).join(' and ')} to run together`
  return { pass: problem === undefined, expected, because: problem ?? 'they did' }
}

/** A limit ended the hook, or it never began because the deadline had passed. */
export function checkCutOff(report: Report | undefined, name: string): CheckResult {
  const found = findHook(report, name)
  const { hook } = found
  const [lasted, limit] = showTimes([hook.ended - (hook.began ?? hook.ended), hook.limit])
  const outcomes = {
    'cut off': `it was, after ${formatDuration(hook.limit)}`,
    done: `it was done after ${lasted} of ${limit}`,
    failed: `it failed after ${lasted} of ${limit}`,
  }
  const because = describeNeverRan([found]) ?? outcomes[hook.status]
  return { pass: hook.status === 'cut off', expected: `'${name}' to be cut off`, because }
}

/** The hook's limit was no shorter than this, however much of it the hook used. */
export function checkTime(
  report: Report | undefined,
  name: string,
  atLeast: Duration,
): CheckResult {
  const wanted = parseDuration(atLeast, 'atLeast', 0)
  const found = findHook(report, name)
  const { hook } = found
  const [least, limit] = showTimes([wanted, hook.limit])
  const expected = `'${name}' to have at least ${least}`
  const because = describeNeverRan([found]) ?? `its limit was ${limit}`
  return { pass: hook.began !== null && hook.limit >= wanted, expected, because }
}

/** The message for a failed expectation, or for a negated one that passes, with a picture of the shutdown. */
export function failureMessage({ pass, expected, because }: CheckResult, report: unknown): string {
  // The same size and no colours everywhere: messages are compared and logged.
  const picture = formatReport(checkReport(report), { width: 80, colors: false })
  return `Expected ${pass ? 'that not: ' : ''}${expected}, but ${because}.\n\n${picture}\n`
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
  const names = phases.flatMap(({ hooks }) => hooks.map((hook) => `'${hook.name}'`)).join(', ')
  throw new AssertionError({
    message: `There is no hook '${name}' in the report. There are: ${names || 'none'}.`,
  })
}

/** Refuses anything but a report. Most often it is missing: the shutdown is not over. */
function checkReport(report: unknown): Report {
  if (Array.isArray(Object(report).phases)) return report as Report
  const missing =
    'There is no report: the shutdown is not over, has not begun, or was forced to exit. Send a signal, and move the clock on until the last hook has ended or is cut off: await signal("SIGTERM"), await advance("10s").'
  const fix = report instanceof Promise ? 'Await it.' : 'Pass the `report` of a shutdown.'
  throw new AssertionError({
    message: report === undefined ? missing : `Expected a report, got ${show(report)}. ${fix}`,
  })
}

/**
 * Whether a hook had ended before another began. If both happened at the same instant, because a test's
 * clock stands still, the hook of the earlier phase came first.
 */
function precedes(one: HookMatch, other: HookMatch): boolean {
  const { began } = other.hook
  if (began === null || one.hook.ended > began) return false
  return one.hook.ended < began || one.phase < other.phase
}

/** Names the first hook that never ran, if there is one. */
function describeNeverRan(found: readonly HookMatch[]): string | undefined {
  const match = found.find(({ hook }) => hook.began === null)
  return match && `'${match.hook.name}' never ran: the deadline had passed`
}

/** The times of two hooks, for a failed check of their order. */
function describeTimes({ hook: one }: HookMatch, { hook: other }: HookMatch): string {
  // None of these is null: both hooks ran.
  const [began, from, to] = showTimes([other.began, one.began, one.ended].map(Number))
  return `'${other.name}' began at ${began}, and '${one.name}' ran from ${from} to ${to}`
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
