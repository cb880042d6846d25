import { MessageChannel } from 'node:worker_threads'

/** Lets everything happen that needs no time: promises, ticks, and an immediate or two of them. */
export function settle(): Promise<void> {
  return settling((settle) => settle())
}

/**
 * Does some work that lets this happen again and again. It goes by messages, which no test runner's fake
 * timers hold back; nothing is left of them afterwards.
 */
export async function settling<T>(work: (settle: () => Promise<void>) => Promise<T>): Promise<T> {
  const { port1, port2 } = new MessageChannel()
  let done = () => {}
  // There and back again: an immediate runs between two messages.
  port2.on('message', () => port2.postMessage(null))
  port1.on('message', () => done())
  const settle = () =>
    new Promise<void>((resolve) => {
      done = resolve
      port1.postMessage(null)
    })
  try {
    return await work(settle)
  } finally {
    port1.close()
  }
}
