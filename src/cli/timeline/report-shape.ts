import { show } from '../../base/errors.ts'
import type { HookStatus } from '../../engine/report.ts'

/**
 * What of a value isn't as a report has it: the first thing that is wrong, with its place. Fields that
 * it has besides are no fault, for later versions may have more.
 */
export function problemOf(value: unknown): string | undefined {
  return REPORT(value, '')
}

/** Says what is wrong with the value at this place, or nothing. */
type Check = (value: unknown, place: string) => string | undefined

const text: Check = (value, place) => expected(typeof value === 'string', 'a string', value, place)

const whole: Check = (value, place) =>
  expected(Number.isInteger(value), 'a whole number', value, place)

const priority: Check = (value, place) => expected(Number.isFinite(value), 'a number', value, place)

/** Longer than any machine runs. */
const LONGEST = 1e12

const time: Check = (value, place) =>
  expected(
    typeof value === 'number' && value >= 0 && value <= LONGEST,
    'a time in milliseconds, 0 or more',
    value,
    place,
  )

const orNull =
  (check: Check): Check =>
  (value, place) =>
    value === null ? undefined : check(value, place)

function oneOf(...known: readonly unknown[]): Check {
  return (value, place) => expected(known.includes(value), known.join(', '), value, place)
}

/** Nobody could look at more of them. */
const MOST = 10_000

function listOf(check: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return expected(false, 'an array', value, place)
    if (value.length > MOST) return `${place} has ${value.length} entries, more than ${MOST}`
    for (const [index, item] of value.entries()) {
      const problem = check(item, `${place}[${index}]`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

function shape(fields: Readonly<Record<string, Check>>): Check {
  return (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return expected(false, 'an object', value, place)
    }
    for (const [name, check] of Object.entries(fields)) {
      const path = place === '' ? name : `${place}.${name}`
      if (!Object.hasOwn(value, name)) return `${path} is missing`
      const problem = check((value as Record<string, unknown>)[name], path)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

function expected(holds: boolean, what: string, value: unknown, place: string) {
  return holds ? undefined : `expected ${place || 'it'} to be ${what}, got ${show(value)}`
}

/** Each cause is one level deeper; a report has a few. */
const DEEPEST = 20

const error: Check = (value, place) => {
  if (place.split('.').length > DEEPEST) return `${place} is deeper than any error of a report`
  return shape({
    name: text,
    message: text,
    code: orNull(text),
    stack: orNull(text),
    cause: orNull(error),
    errors: listOf(error),
  })(value, place)
}

const reason: Check = (value, place) => {
  const problem = shape({ kind: oneOf(...Object.keys(REASONS)) })(value, place)
  return problem ?? shape(REASONS[(value as { kind: string }).kind] ?? {})(value, place)
}

const REASONS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  signal: { signal: text },
  fault: { origin: text, error },
  message: { message: text },
  call: { note: orNull(text) },
}

const STATUSES: readonly HookStatus[] = ['done', 'failed', 'cut off']

const counts: Check = (value, place) => {
  const names = Object.keys(Object(value))
  return shape(Object.fromEntries(names.map((name) => [name, whole])))(value, place)
}

const hang = shape({
  others: listOf(
    shape({ name: text, phase: orNull(text), priority, age: time, waitingFor: listOf(text) }),
  ),
  resources: counts,
})

const hook: Check = (value, place) => {
  const problem = shape({
    name: text,
    status: oneOf(...STATUSES),
    began: orNull(time),
    ended: time,
    limit: time,
    notes: listOf(text),
    error: orNull(error),
    hang: orNull(hang),
  })(value, place)
  if (problem !== undefined) return problem
  const { began, ended } = value as { began: number | null; ended: number }
  return began === null || began <= ended ? undefined : `${place} ended before it began`
}

const REPORT = shape({
  version: oneOf(1),
  reason,
  platform: shape({ name: text }),
  outcome: text,
  exitCode: whole,
  startedAt: text,
  grace: time,
  margin: time,
  deadline: time,
  duration: time,
  phases: listOf(
    shape({ name: text, priority, reserve: time, began: time, ended: time, hooks: listOf(hook) }),
  ),
  faults: listOf(shape({ origin: text, error, at: time })),
})
