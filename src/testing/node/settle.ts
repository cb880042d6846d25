import { MessageChannel } from 'node:worker_threads'

/** Resolves when all that needs no time has happened: promises, ticks, one or two rounds of immediates. */
export function settle(): Promise<void> {
  return settling((settle) => settle())
}

/**
 * Does work that may call `settle` again and again, which is cheaper than `settle()` each time.
 *
 * Relies on: the loop runs pending immediates between a message of a MessagePort and its answer. Fake timers
 * do not replace messages, while they may replace `setImmediate()`, also in node:timers.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: `advance()` and `signal()` may resolve before an immediate of the application has run.
 */
export async function settling<T>(work: (settle: () => Promise<void>) => Promise<T>): Promise<T> {
  const { port1, port2 } = new MessageChannel()
  let done = () => {}
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
    port1.close() // An open port keeps the process alive.
  }
}
