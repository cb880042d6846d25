import { likelyName } from '../base/did-you-mean.ts'
import { invalidOption } from '../base/errors.ts'
import { builtinModule } from './builtin-modules.ts'

/** The numbers of the signals on this system, by their names. */
export function signalNumbers(): Readonly<Record<string, number>> {
  return builtinModule('node:os').constants.signals
}

/**
 * Sends a signal to a process or, with a negative number, to every process of a group. Signal 0 only
 * checks that the target exists.
 *
 * @returns false where there is no such process
 */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Checks that a value is the name of a signal that this system has. */
export function parseSignal(value: unknown, option: string): NodeJS.Signals {
  if (isSignal(value)) return value
  const likely = likelyName(value, Object.keys(signalNumbers()))
  throw invalidOption(
    option,
    "the name of a signal, such as 'SIGTERM' or 'SIGQUIT'",
    value,
    likely && `Write '${likely}'.`,
  )
}

export function isSignal(value: unknown): value is NodeJS.Signals {
  return typeof value === 'string' && Object.hasOwn(signalNumbers(), value)
}
