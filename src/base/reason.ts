import { show } from './errors.ts'

/** What started a run. The first one wins. */
export type Reason =
  /** `terminal` is true where somebody pressed Ctrl-C at a terminal. */
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly terminal: boolean }
  | { readonly kind: 'fault'; readonly origin: FaultOrigin; readonly error: ErrorInfo }
  | { readonly kind: 'message'; readonly message: string }
  | { readonly kind: 'call'; readonly note: string | null }

/** Where a fault came from. `listener` is a listener of the shutdown's own events that threw. */
export type FaultOrigin = 'uncaughtException' | 'unhandledRejection' | 'listener'

/** An error as plain data. */
export interface ErrorInfo {
  readonly name: string
  readonly message: string
  readonly code: string | null
  readonly stack: string | null
  /** What it says that it was caused by. */
  readonly cause: ErrorInfo | null
  /** The errors of an AggregateError. */
  readonly errors: readonly ErrorInfo[]
}

/** Something that went wrong outside of the hooks. */
export interface Fault {
  readonly origin: FaultOrigin
  readonly error: ErrorInfo
  /** Milliseconds since the start of the run. */
  readonly at: number
}

const described = new WeakMap<object, ErrorInfo>()

/**
 * Whatever was thrown, as plain data: people throw strings and undefined as well. The same error is
 * described by the same object.
 */
export function describeError(thrown: unknown): ErrorInfo {
  if (typeof thrown !== 'object' || thrown === null) return describe(thrown)
  const known = described.get(thrown) ?? describe(thrown)
  described.set(thrown, known)
  return known
}

/** Causes are followed for so many steps, for they may go round in a circle. */
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
    // A getter or a toString of its own that throws.
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
