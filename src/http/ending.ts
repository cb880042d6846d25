import { AbortError } from '../base/errors.ts'

/** What the signal of a request is aborted with. */
export function endingError(): AbortError {
  return new AbortError(
    'The server is shutting down: the request should come to its end',
    undefined,
  )
}
