import { AbortError } from '../base/errors.ts'

/** The reason that `requestSignal()` aborts with. */
export function requestAbortReason(): AbortError {
  const message = 'The server is shutting down: the request should come to its end'
  return new AbortError(message, undefined)
}
