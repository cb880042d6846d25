import { inCall, LastcallError } from '../base/errors.ts'

/** The exit codes of lastcall itself. Otherwise `run` exits with the code of its program. */
export const CODES = {
  /** `stop`: there is no such process. */
  notRunning: 3,
  /** `stop`: the process belongs to another user. */
  notPermitted: 4,
  /** The command line is wrong. timeout(1), env(1) and `docker run` use the same code. */
  usage: 125,
  /** `stop` and `run`: the process did not end in time and was killed. */
  killed: 137,
} as const

/** How the library logs under the command line: only problems, as plain text on stderr. */
export const PROBLEM_LOG = { format: 'text', level: 'warn' } as const

/** An error that the user sees as one line, with the code to exit with. */
export class Failure extends Error {
  override readonly name = 'Failure'

  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message)
  }
}

/** Checks the name, too: a command that is built into its own file has its own copy of the class. */
export function isFailure(error: unknown): error is Failure {
  return error instanceof Failure || (error instanceof Error && error.name === 'Failure')
}

export function usageError(message: string): Failure {
  return new Failure(CODES.usage, message)
}

/**
 * Runs `work`, and turns an error of the library into a failure. Its message begins with `place`, and names no
 * call: the user has written a file, and has called nothing.
 */
export function asUsageError<T>(work: () => T, place = ''): T {
  try {
    return place === '' ? work() : inCall(place, work)
  } catch (error) {
    if (!(error instanceof LastcallError || error instanceof Failure)) throw error
    const { message } = error
    const isPlaced = place === '' || message.startsWith(`${place}: `)
    throw usageError(isPlaced ? message : `${place}: ${message}`)
  }
}
