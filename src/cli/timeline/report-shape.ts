import { show } from '../../base/errors.ts'

/**
 * The first thing that is wrong in a report read from a file, with its place; `undefined` if nothing is.
 * Further fields are allowed: later versions may have more.
 */
export function problemOf(value: unknown): string | undefined {
  try {
    REPORT(value, '')
    return undefined
  } catch (problem) {
    if (problem instanceof Problem) return problem.message
    throw problem
  }
}

class Problem extends Error {}

/** Throws a `Problem` if something is wrong with the value at this place. */
type Check = (value: unknown, place: string) => void

function is(what: string, holds: (value: unknown) => boolean): Check {
  return (value, place) => {
    if (!holds(value))
      throw new Problem(`expected ${place || 'it'} to be ${what}, got ${show(value)}`)
  }
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
    value === null || check(value, place)

/** More entries would take minutes to draw. */
const MOST_ENTRIES = 10_000

function listOf(check: Check): Check {
  return (value, place) => {
    array(value, place)
    const items = value as readonly unknown[]
    if (items.length > MOST_ENTRIES) {
      throw new Problem(`${place} has ${items.length} entries, more than ${MOST_ENTRIES}`)
    }
    for (const [index, item] of items.entries()) check(item, `${place}[${index}]`)
  }
}

function shape(fields: Readonly<Record<string, Check>>): Check {
  return (value, place) => {
    object(value, place)
    const given = value as Readonly<Record<string, unknown>>
    for (const [name, check] of Object.entries(fields)) {
      const path = place === '' ? name : `${place}.${name}`
      if (!Object.hasOwn(given, name)) throw new Problem(`${path} is missing`)
      check(given[name], path)
    }
  }
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
}

const reason: Check = (value, place) => {
  shape({ kind: oneOf(...Object.keys(REASONS)) })(value, place)
  REASONS[(value as { kind: string }).kind]?.(value, place)
}

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
  hookFields(value, place)
  const { began, ended } = value as { began: number | null; ended: number }
  if (began !== null && began > ended) throw new Problem(`${place} ended before it began`)
}

const REPORT = shape({
  version: oneOf(1),
  reason,
  platform: shape({ name: text, grace: time }),
  outcome: text,
  exitCode: integer,
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
