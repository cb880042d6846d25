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
}

/** Something that went wrong outside of the hooks. */
export interface Fault {
  readonly origin: FaultOrigin
  readonly error: ErrorInfo
  /** Milliseconds since the start of the run. */
  readonly at: number
}

/** Whatever was thrown, as plain data: people throw strings and undefined as well. */
export function describeError(thrown: unknown): ErrorInfo {
  try {
    if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) {
      const { name, message, code, stack } = thrown as Partial<Error> & { code?: unknown }
      return Object.freeze({
        name: String(name ?? 'Error'),
        message: String(message),
        code: code === undefined || code === null ? null : String(code),
        stack: typeof stack === 'string' ? stack : null,
      })
    }
    return Object.freeze({ name: typeof thrown, message: String(thrown), code: null, stack: null })
  } catch {
    // A getter or a toString of its own that throws.
    return Object.freeze({ name: 'Error', message: '(cannot be shown)', code: null, stack: null })
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
