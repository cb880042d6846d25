import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

/** A worker that answers each connection with `served`, and ends when it gets the message `end`. */
export const SERVES = `
  import { createServer } from 'node:net'
  process.on('message', (message) => message === 'end' && process.exit(0))
  createServer((socket) => socket.end('served')).listen(0, '127.0.0.1')
`

/** Forks a worker of this process that runs a few lines of JavaScript; it ends with the test. */
export function forkWorker(code: string): Worker {
  cluster.setupPrimary({
    exec: 'worker',
    execArgv: ['--input-type=module', '-e', code],
    // What vitest gives its own workers is nothing for these.
    args: [],
  })
  const worker = cluster.fork({ NODE_OPTIONS: '' })
  onTestFinished(async () => {
    if (worker.isDead()) return
    worker.process.kill('SIGKILL')
    await once(worker, 'exit')
  })
  return worker
}

/** The port on which a worker begins to listen. */
export async function listens(worker: Worker): Promise<number> {
  const [{ port }] = await once(worker, 'listening')
  return port
}
