import { acceptQueueIsEmpty } from '../runtime/accept-queue.ts'
import { beforePoll, type Clock } from '../runtime/clock.ts'
import { isClusterWorker } from '../runtime/thread.ts'
import { closeListener } from './node/close-listener.ts'
import { pauseNewSockets } from './node/pause-new-sockets.ts'
import type { AnyHttpServer } from './server.ts'

/**
 * A worker of node:cluster gets its connections one by one, from a queue of the primary's or from a
 * shared listener, so one empty poll phase says nothing. It waits until none has come for `QUIET`
 * milliseconds, and for `SHARED_PATIENCE` at most: as a rule other workers take what comes.
 */
const QUIET = 20
const SHARED_PATIENCE = 250

/**
 * Stops listening once no connection waits to be accepted: when a listener closes, the kernel resets
 * those that wait, and with them requests that were sent. Connections that are accepted meanwhile are
 * not read before the end: where clients connect anew for each request, each response would bring the
 * next connection.
 *
 * @param patience how long to wait while new connections come in, in milliseconds
 */
export async function stopListening(
  server: AnyHttpServer,
  clock: Clock,
  patience: number,
): Promise<void> {
  if (!server.listening) {
    // A start may be under way. If the server begins to listen after this, it stops at once.
    server.once('listening', closeAgain)
    return
  }
  const { accepted, resume } = pauseNewSockets(server)
  const wait = isClusterWorker()
    ? { patience: Math.min(patience, SHARED_PATIENCE), quiet: QUIET }
    : { patience, quiet: 0 }
  await acceptQueueIsEmpty(accepted, wait, clock)
  closeListener(server)
  resume()
}

/** Undoes an earlier stop: the same server may be started again, in tests for example. */
export function allowListening(server: AnyHttpServer): void {
  server.off('listening', closeAgain)
}

function closeAgain(this: AnyHttpServer): void {
  // The code that started it hears that it listens, and may ask for its address, before it closes.
  beforePoll(() => closeListener(this))
}
