import { MessageChannel } from 'node:worker_threads'

/**
 * Lets everything happen that needs no time: promises, ticks and immediates. By messages, which no test
 * runner's fake timers hold back.
 */
export function settle(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    // There and back again: an immediate runs between two messages.
    port2.once('message', () => port2.postMessage(null))
    port1.once('message', () => {
      port1.close()
      resolve()
    })
    port1.postMessage(null)
  })
}
