import { show } from './errors.ts'

// Only this file reads what user code has thrown, and it never throws. Anything can be thrown: a string, an
// error with a getter that throws, a revoked Proxy of which nothing can be read.

/** An error as plain data. */
export interface ErrorInfo {
  readonly name: string
  readonly message: string
  readonly code: string | null
  readonly stack: string | null
  /** The error's `cause`. Causes of causes are followed four steps deep. */
  readonly cause: ErrorInfo | null
  /** The errors of an `AggregateError`, at most ten. */
  readonly errors: readonly ErrorInfo[]
}

const described = new WeakMap<object, ErrorInfo>()

/**
 * Describes a thrown value as plain data. The same error always gets the same description object, so that
 * a repeated fault is recognised.
 */
export function describeError(thrown: unknown): ErrorInfo {
  if (!isObject(thrown)) return describe(thrown, CAUSES)
  const known = described.get(thrown) ?? describe(thrown, CAUSES)
  described.set(thrown, known)
  return known
}

/** A property of a thrown value; `undefined` where it cannot be read. */
export function propertyOf(thrown: unknown, name: string): unknown {
  if (!isObject(thrown)) return undefined
  return attempt(() => (thrown as Record<string, unknown>)[name], undefined)
}

/** A value as text: what `String()` gives or, where that throws, `(cannot be shown)`. */
export function textOf(value: unknown): string {
  return attempt(() => String(value), UNREADABLE)
}

const UNREADABLE = '(cannot be shown)'
const CAUSES = 4

/** `steps` limits how deep causes and errors are followed: an error can be its own cause. */
function describe(thrown: unknown, steps: number): ErrorInfo {
  const isError = isObject(thrown) && attempt(() => 'message' in thrown, true)
  const nothing = { code: null, stack: null, cause: null, errors: Object.freeze([]) }
  if (!isError) {
    const message = attempt(() => show(thrown), UNREADABLE)
    return Object.freeze({ ...nothing, name: 'NonError', message })
  }
  const read = (name: string) => propertyOf(thrown, name)
  const inner = (part: unknown) => describe(part, steps - 1)
  const [code, stack, cause] = [read('code'), read('stack'), read('cause')]
  const errors = attempt(() => Array.from(read('errors') as Iterable<unknown>).slice(0, 10), [])
  return Object.freeze({
    name: textOf(read('name') ?? 'Error'),
    message: attempt(() => String((thrown as Partial<Error>).message), UNREADABLE),
    code: code === undefined || code === null ? null : textOf(code),
    stack: typeof stack === 'string' ? stack : null,
    cause: cause === undefined || steps === 0 ? null : inner(cause),
    errors: Object.freeze(steps === 0 ? [] : errors.map(inner)),
  })
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** What `read` returns or, if it throws, `otherwise`. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
