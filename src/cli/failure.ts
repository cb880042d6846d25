import { LastcallError } from '../base/errors.ts'

/** The exit codes of the command line itself; besides them it exits with those of what it runs. */
export const CODES = {
  /** `stop`: there is no such process. */
  notRunning: 3,
  /** `stop`: the process belongs to somebody else. */
  notPermitted: 4,
  /** What was asked for is wrong: as timeout(1), env(1) and `docker run` have it. */
  usage: 125,
  /** `stop`: it had to be killed. */
  killed: 137,
} as const

/** What the library itself tells on the command line: what goes wrong, to whoever reads stderr there. */
export const PROBLEMS = { format: 'text', level: 'warn' } as const

/** What a person is told in one line, and the code to exit with. */
export class Failure extends Error {
  override readonly name = 'Failure'

  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message)
  }
}

/** Whether it is one, also of a command that is built into a file of its own and has its own copy of the class. */
export function isFailure(error: unknown): error is Failure {
  return error instanceof Failure || (error instanceof Error && error.name === 'Failure')
}

export function usageError(message: string): Failure {
  return new Failure(CODES.usage, message)
}

/** What the library refuses is told as one line, after the place that it concerns. */
export function told<T>(work: () => T, place = ''): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof LastcallError || error instanceof Failure)) throw error
    throw usageError(`${place === '' ? '' : `${place}: `}${error.message}`)
  }
}
