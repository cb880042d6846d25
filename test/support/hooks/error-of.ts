import { expect } from 'vitest'
import { LastcallError } from '../../../src/base/errors.ts'

/** The error of the library by which something is refused; fails where it is accepted. */
export function errorOf(attempt: () => unknown): LastcallError {
  try {
    attempt()
  } catch (error) {
    expect(error).toBeInstanceOf(LastcallError)
    return error as LastcallError
  }
  throw new Error('was accepted')
}

/** The same, where a promise is rejected with it. */
export async function rejectionOf(promise: Promise<unknown>): Promise<LastcallError> {
  const [settled] = await Promise.allSettled([promise])
  return errorOf(() => {
    if (settled?.status === 'rejected') throw settled.reason
  })
}
