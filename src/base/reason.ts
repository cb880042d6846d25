import { show } from './errors.ts'

/** What started the shutdown. The first reason wins. */
export type Reason =
  /** `terminal` is true for a Ctrl-C at a terminal. */
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly terminal: boolean }
  | { readonly kind: 'fault'; readonly origin: FaultOrigin; readonly error: ErrorInfo }
  /** A message from the parent process. */
  | { readonly kind: 'message'; readonly message: string }
  /** A call of `now()`. */
  | { readonly kind: 'call'; readonly note: string | null }

/** Where a fault came from. `listener`: a listener of the shutdown's events threw. */
export type FaultOrigin = 'uncaughtException' | 'unhandledRejection' | 'listener'

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

/** An error outside of the hooks. */
export interface Fault {
  readonly origin: FaultOrigin
  readonly error: ErrorInfo
  /** Milliseconds since the shutdown began. */
  readonly at: number
}

const described = new WeakMap<object, ErrorInfo>()

/**
 * Describes a thrown value as plain data: anything can be thrown, also a string or `undefined`. The same
 * error always gets the same description object, so that a repeated fault is recognised.
 */
export function describeError(thrown: unknown): ErrorInfo {
  if (typeof thrown !== 'object' || thrown === null) return describe(thrown)
  const known = described.get(thrown) ?? describe(thrown)
  described.set(thrown, known)
  return known
}

/** `steps` limits how deep causes and errors are followed: an error can be its own cause. */
function describe(thrown: unknown, steps = 4): ErrorInfo {
  const nothing = { code: null, stack: null, cause: null, errors: Object.freeze([]) }
  try {
    if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) {
      return Object.freeze({ ...nothing, name: 'NonError', message: show(thrown) })
    }
    const { name, message, code, stack, cause, errors } = thrown as Partial<AggregateError> & {
      code?: unknown
    }
    const inner = (part: unknown) => describe(part, steps - 1)
    return Object.freeze({
      name: String(name ?? 'Error'),
      message: String(message),
      code: code === undefined || code === null ? null : String(code),
      stack: typeof stack === 'string' ? stack : null,
      cause: cause === undefined || steps === 0 ? null : inner(cause),
      errors: Object.freeze(
        Array.isArray(errors) && steps > 0 ? errors.slice(0, 10).map(inner) : [],
      ),
    })
  } catch {
    // The error has a getter or a toString() that throws.
    return Object.freeze({ ...nothing, name: 'Error', message: '(cannot be shown)' })
  }
}

/** The reason in a few words: `SIGTERM`, `uncaughtException: boom`, `now('deploy')`. */
export function formatReason(reason: Reason): string {
  switch (reason.kind) {
    case 'signal':
      return reason.signal
    case 'fault':
      return `${reason.origin}: ${reason.error.message}`
    case 'message':
      return `message '${reason.message}'`
    case 'call':
      return reason.note === null ? 'now()' : `now('${reason.note}')`
  }
}
