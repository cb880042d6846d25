import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { threadHasEnded } from '../../../src/workers/node/ended-thread.ts'

test.each([
  ['by itself', (worker: Worker) => void worker.postMessage('end')],
  ['by terminate()', (worker: Worker) => void worker.terminate()],
])('a thread that ended %s is known as ended, and as running before', async (_, end) => {
  const program = `require('node:worker_threads').parentPort.once('message', () => {})`
  const worker = new Worker(program, { eval: true })
  await once(worker, 'online')
  expect(threadHasEnded(worker)).toBe(false)

  end(worker)
  await once(worker, 'exit')
  expect(threadHasEnded(worker)).toBe(true)
})
