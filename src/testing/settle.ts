import { MessageChannel } from 'node:worker_threads'

/**
 * Lets everything happen that needs no time: promises, ticks and immediates. By messages, which no test
 * runner's fake timers hold back.
 */
export async function settle(): Promise<void> {
  // An immediate runs between two messages.
  await message()
  await message()
}

function message(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.once('message', () => {
      port1.close()
      resolve()
    })
    port2.postMessage(null)
  })
}
