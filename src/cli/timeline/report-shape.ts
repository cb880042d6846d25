import { show } from '../../base/errors.ts'

/**
 * The first problem in a report read from a file, with its place; `undefined` if there is none. Further
 * fields are allowed: later versions may have more.
 */
export function problemOf(value: unknown): string | undefined {
  return REPORT(value, '')
}

/** Returns the problem of a value. */
type Check = (value: unknown, place: string) => string | undefined

function is(what: string, holds: (value: unknown) => boolean): Check {
  return (value, place) =>
    holds(value) ? undefined : `expected ${place || 'it'} to be ${what}, got ${show(value)}`
}

const text = is('a string', (value) => typeof value === 'string')
const number = is('a number', Number.isFinite)
const integer = is('a whole number', Number.isInteger)
const time = is(
  'a time in milliseconds, 0 or more',
  (value) => Number.isFinite(value) && Number(value) >= 0,
)
const array = is('an array', Array.isArray)
const object = is(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)

const oneOf = (...known: readonly unknown[]): Check =>
  is(known.join(', '), (value) => known.includes(value))

const orNull =
  (check: Check): Check =>
  (value, place) =>
    value === null ? undefined : check(value, place)

const optionals = new Set<Check>()

/** A check of a field that may be missing. */
function optional(check: Check): Check {
  const either: Check = (value, place) => (value === undefined ? undefined : check(value, place))
  optionals.add(either)
  return either
}

function listOf(check: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return array(value, place)
    return firstProblem(value.entries(), ([index, item]) => check(item, `${place}[${index}]`))
  }
}

function shape(fields: Readonly<Record<string, Check>>): Check {
  return (value, place) => {
    const problem = object(value, place)
    if (problem !== undefined) return problem
    const given = value as Readonly<Record<string, unknown>>
    return firstProblem(Object.entries(fields), ([name, check]) => {
      const path = place === '' ? name : `${place}.${name}`
      const isMissing = !Object.hasOwn(given, name) && !optionals.has(check)
      return isMissing ? `${path} is missing` : check(given[name], path)
    })
  }
}

function firstProblem<T>(items: Iterable<T>, check: (item: T) => string | undefined) {
  for (const item of items) {
    const problem = check(item)
    if (problem !== undefined) return problem
  }
  return undefined
}

const error: Check = (value, place) =>
  shape({
    name: text,
    message: text,
    code: orNull(text),
    stack: orNull(text),
    cause: orNull(error),
    errors: listOf(error),
  })(value, place)

const REASONS: Readonly<Record<string, Check>> = {
  signal: shape({ signal: text }),
  fault: shape({ origin: text, error }),
  message: shape({ message: text }),
  call: shape({ note: orNull(text) }),
  empty: shape({}),
}

const KIND = shape({ kind: oneOf(...Object.keys(REASONS)) })

const reason: Check = (value, place) =>
  KIND(value, place) ?? REASONS[(value as { kind: string }).kind]?.(value, place)

const runningHook = shape({
  name: text,
  phase: orNull(text),
  priority: number,
  age: time,
  waitingFor: listOf(text),
})

const hookFields = shape({
  name: text,
  status: oneOf('done', 'failed', 'cut off'),
  began: orNull(time),
  ended: time,
  limit: time,
  notes: listOf(text),
  error: orNull(error),
  hang: orNull(shape({ others: listOf(runningHook), resources: object })),
})

const hook: Check = (value, place) => {
  const problem = hookFields(value, place)
  if (problem !== undefined) return problem
  const { began, ended } = value as { began: number | null; ended: number }
  return began !== null && began > ended ? `${place} ended before it began` : undefined
}

const REPORT = shape({
  version: oneOf(1),
  reason,
  platform: shape({ name: text, grace: time }),
  outcome: text,
  exitCode: integer,
  processOutcome: optional(text),
  startedAt: text,
  grace: time,
  margin: time,
  deadline: time,
  duration: time,
  phases: listOf(
    shape({
      name: text,
      priority: number,
      reserve: time,
      began: time,
      ended: time,
      hooks: listOf(hook),
    }),
  ),
  faults: listOf(shape({ origin: text, error, at: time })),
})
