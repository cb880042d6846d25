import { invalidOption } from '../base/errors.ts'
import { signalNumbers } from '../runtime/signals.ts'

/** Reads the name of a signal that this system has. */
export function parseSignal(value: unknown, option: string): NodeJS.Signals {
  if (isSignal(value)) return value
  const full = typeof value === 'string' ? `SIG${value.toUpperCase()}` : ''
  throw invalidOption(
    option,
    "the name of a signal, such as 'SIGTERM' or 'SIGQUIT'",
    value,
    isSignal(full) ? `Write '${full}'.` : undefined,
  )
}

function isSignal(value: unknown): value is NodeJS.Signals {
  return typeof value === 'string' && Object.hasOwn(signalNumbers(), value)
}
