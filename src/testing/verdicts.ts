import { AssertionError } from 'node:assert'
import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import { invalidOption, show } from '../base/errors.ts'
import type { HookReport, Report } from '../engine/report.ts'
import { formatReport } from '../picture/timeline.ts'

/** Names of hooks in the order in which they are to run; those in an array of their own in any order. */
export type HookOrder = readonly (string | readonly string[])[]

/** What a report says to an expectation. */
export interface Verdict {
  readonly pass: boolean
  /** `the hooks to run in the order http, jobs` */
  readonly expected: string
  /** Why it is so: `'jobs' began before 'http' had ended` */
  readonly because: string
}

/** Each had ended before the next began. */
export function inOrder(report: Report | undefined, order: HookOrder): Verdict {
  if (!Array.isArray(order) || order.length === 0) {
    throw invalidOption('order', "an array of names, such as ['http', 'postgres']", order)
  }
  if (order.some((step) => step.length === 0) || hasTwice(order.flat())) {
    throw invalidOption('order', 'made of names, each of them once', order)
  }
  const steps = order.map((step) => [step].flat().map((name) => find(report, name)))
  const expected = `the hooks to run in the order ${order.map(step).join(' → ')}`
  const pairs = steps.flatMap((hooks, index) =>
    hooks.flatMap((first) => (steps[index + 1] ?? []).map((second) => [first, second] as const)),
  )
  const because =
    idle(steps.flat()) ??
    first(pairs, ([first, second]) => (precedes(first, second) ? undefined : times(second, first)))
  return { pass: because === undefined, expected, because: because ?? 'they did' }
}

/** No two of them ran one after the other. */
export function together(report: Report | undefined, names: readonly string[]): Verdict {
  if (!Array.isArray(names) || names.length < 2 || hasTwice(names)) {
    throw invalidOption(
      'names',
      "an array of two names or more, each of them once, such as ['http', 'jobs']",
      names,
    )
  }
  const hooks = names.map((name) => find(report, name))
  const expected = `${names.map((name) => `'${name}'`).join(' and ')} to run together`
  const pairs = hooks.flatMap((one) => hooks.map((other) => [one, other] as const))
  const because =
    idle(hooks) ??
    first(pairs, ([one, other]) => (precedes(one, other) ? times(other, one) : undefined))
  return { pass: because === undefined, expected, because: because ?? 'they did' }
}

/** It was ended by a limit, or never began because the deadline had passed. */
export function cutOff(report: Report | undefined, name: string): Verdict {
  const found = find(report, name)
  const { hook } = found
  const [lasted, limit] = showTimes([hook.ended - (hook.began ?? hook.ended), hook.limit])
  const said = {
    'cut off': `it was, after ${formatDuration(hook.limit)}`,
    done: `it was done after ${lasted} of ${limit}`,
    failed: `it failed after ${lasted} of ${limit}`,
  }
  const because = idle([found]) ?? said[hook.status]
  return { pass: hook.status === 'cut off', expected: `'${name}' to be cut off`, because }
}

/** Its limit was no shorter, however much of that it used. */
export function hadTime(report: Report | undefined, name: string, atLeast: Duration): Verdict {
  const wanted = parseDuration(atLeast, 'atLeast', 0)
  const found = find(report, name)
  const { hook } = found
  const [least, limit] = showTimes([wanted, hook.limit])
  const expected = `'${name}' to have at least ${least}`
  const because = idle([found]) ?? `its limit was ${limit}`
  return { pass: hook.began !== null && hook.limit >= wanted, expected, because }
}

/** The same wherever the tests run: messages are compared, and stand in logs. */
const PICTURE = { width: 80, colors: false }

/** A sentence, with the run as a picture. */
export function withPicture(sentence: string, report: unknown): string {
  return `${sentence}\n\n${formatReport(reportOf(report), PICTURE)}\n`
}

/** A hook, and where its phase stands among those that ran. */
interface HookMatch {
  readonly hook: HookReport
  readonly phase: number
}

function find(report: Report | undefined, name: string): HookMatch {
  const { phases } = reportOf(report)
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

/** The report, where it is one: most often it is missing because the run is not over. */
function reportOf(report: unknown): Report {
  const { phases } = Object(report)
  if (Array.isArray(phases)) return report as Report
  const missing =
    'There is no report: the run is not over, has not begun, or was forced to exit. Send a signal, and move the clock on until the last hook has ended or is cut off: await signal("SIGTERM"), await advance("10s").'
  const fix = report instanceof Promise ? 'Await it.' : 'Pass the `report` of a shutdown.'
  throw new AssertionError({
    message: report === undefined ? missing : `Expected a report, got ${show(report)}. ${fix}`,
  })
}

/** Of two in one instant, which happens where a test's clock stands, the one of the earlier phase came first. */
function precedes(first: HookMatch, second: HookMatch): boolean {
  const { began } = second.hook
  if (began === null || first.hook.ended > began) return false
  return first.hook.ended < began || first.phase < second.phase
}

/** The first of them that never ran, in words. */
function idle(found: readonly HookMatch[]): string | undefined {
  const one = found.find(({ hook }) => hook.began === null)
  return one && `'${one.hook.name}' never ran: the deadline had passed`
}

function times({ hook: second }: HookMatch, { hook: first }: HookMatch): string {
  // None of them is null: of a hook that never ran that is said.
  const [began, from, to] = showTimes([second.began, first.began, first.ended].map(Number))
  return `'${second.name}' began at ${began}, and '${first.name}' ran from ${from} to ${to}`
}

/** As people read them; in milliseconds where some that differ would read the same. */
function showTimes(times: readonly number[]): string[] {
  const texts = times.map(formatDuration)
  const differ = new Set(texts).size === new Set(times).size
  return differ ? texts : times.map((time) => `${Number(time.toFixed(3))} ms`)
}

/** The first answer that there is. */
function first<T>(
  items: readonly T[],
  answer: (item: T) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = answer(item)
    if (found !== undefined) return found
  }
  return undefined
}

function hasTwice(names: readonly unknown[]): boolean {
  return new Set(names).size < names.length
}

function step(names: string | readonly string[]): string {
  return typeof names === 'string' ? names : `(${names.join(', ')})`
}
