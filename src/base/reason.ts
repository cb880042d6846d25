import type { ErrorInfo } from './thrown.ts'

/** What started the shutdown. The first reason wins. */
export type Reason =
  /** `terminal` is true for a Ctrl-C at a terminal. */
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly terminal: boolean }
  | { readonly kind: 'fault'; readonly origin: FaultOrigin; readonly error: ErrorInfo }
  /** A message from the parent process. */
  | { readonly kind: 'message'; readonly message: string }
  /** Nothing kept the process alive any more, with `beforeExit: true`. */
  | { readonly kind: 'empty' }
  /** A call of `now()`. */
  | { readonly kind: 'call'; readonly note: string | null }

/**
 * Where a fault came from. `listener`: a listener of the shutdown's events threw. `lastcall`: the library
 * itself failed, for example because a built-in function was replaced by one that throws.
 */
export type FaultOrigin = 'uncaughtException' | 'unhandledRejection' | 'listener' | 'lastcall'

/** An error outside of the hooks. */
export interface Fault {
  readonly origin: FaultOrigin
  readonly error: ErrorInfo
  /** Milliseconds since the shutdown began. */
  readonly at: number
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
    case 'empty':
      return 'nothing left to do'
    case 'call':
      return reason.note === null ? 'now()' : `now('${reason.note}')`
  }
}
