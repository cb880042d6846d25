import { invalidOption } from '../../base/errors.ts'
import { describeError } from '../../base/thrown.ts'
import type { WebSocketLike } from './known-sockets.ts'
import type { CloseSettings } from './options.ts'

/**
 * Returns a function that asks the application whether a WebSocket is busy. A failure of `busy` counts
 * as false. The first one is noted: there may be one for each WebSocket.
 */
export function askIfBusy({ busy }: CloseSettings, note: (text: string) => void) {
  let hasFailed = false
  return (socket: WebSocketLike): boolean => {
    try {
      const answer: unknown = busy?.(socket)
      // Most often the promise of an async function, which would be true whatever it resolves to.
      if (typeof answer === 'object' && answer !== null) {
        throw invalidOption('busy', 'a function that returns a boolean', answer)
      }
      return Boolean(answer)
    } catch (error) {
      const { name, message } = describeError(error)
      if (!hasFailed) note(`busy failed, which counts as false: ${name}: ${message}`)
      hasFailed = true
      return false
    }
  }
}
