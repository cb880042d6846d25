import { acceptQueueIsEmpty } from '../runtime/accept-queue.ts'
import { beforePoll, type Clock } from '../runtime/clock.ts'
import { isClusterWorker } from '../runtime/thread.ts'
import { closeListener } from './node/close-listener.ts'
import { pauseNewSockets } from './node/pause-new-sockets.ts'
import type { AnyHttpServer } from './server.ts'

/**
 * A node:cluster worker gets its connections one by one, from the primary's queue or a shared
 * listener, so one empty poll phase proves nothing. It waits until no connection has come for `QUIET`
 * milliseconds, at most `SHARED_PATIENCE`: other workers usually take new connections.
 */
const QUIET = 20
const SHARED_PATIENCE = 250

/**
 * Stops listening once no connection waits to be accepted: when a listener closes, the kernel resets
 * waiting connections and loses their requests. Connections accepted meanwhile are read only after
 * the close: if clients connect anew for each request, each response would bring the next connection.
 * Resolves when what they have sent so far has been read.
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
  // Reads what was sent on them. A hook that runs next may end connections without a request.
  if (accepted() > 0) await new Promise<void>((resolve) => clock.afterPoll(resolve))
}

/** Undoes an earlier stop: the same server may be started again, in tests for example. */
export function allowListening(server: AnyHttpServer): void {
  server.off('listening', closeAgain)
}

function closeAgain(this: AnyHttpServer): void {
  // Closes a little later: the code that started the server may still ask for its address.
  beforePoll(() => closeListener(this))
}
