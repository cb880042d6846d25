import type { Server } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { acceptQueueIsEmpty } from '../../runtime/accept-queue.ts'
import { beforePoll, type Clock } from '../../runtime/clock.ts'
import { type AnyHttpServer, speaksHttp2 } from '../server.ts'

/**
 * A worker of node:cluster gets its connections from a queue of the primary's, one after the other,
 * or from a listener that the others have too: one empty poll phase says nothing. If it is the last
 * that stops, whoever is in the queue is reset. So it waits until nobody has come for this long, in
 * milliseconds, and not for ever: as a rule there are others who take what comes.
 */
const QUIET = 20
const SHARED_PATIENCE = 250

/**
 * Stops listening once nobody waits to be accepted: the kernel resets those when a listener closes,
 * and with them requests that were sent. libuv accepts one connection in each poll phase, so phases
 * pass until one of them had none. What is accepted meanwhile is not read before the end: where
 * every client connects anew for each request, answering would bring the next one in.
 *
 * @param patience how long new connections may go on coming in before the listener is closed under
 * them, in milliseconds
 */
export async function stopListening(
  server: AnyHttpServer,
  clock: Clock,
  patience: number,
): Promise<void> {
  if (!server.listening) {
    // A start may be under way: if it begins to listen after this, it stops at once.
    server.once('listening', closeAgain)
    return
  }
  const accepted: Socket[] = []
  const hold = (socket: Socket) => void accepted.push(socket)
  const pausing = server as AnyHttpServer & { pauseOnConnect: boolean }
  const { pauseOnConnect } = pausing
  pausing.pauseOnConnect = true
  server.prependListener('connection', hold)

  const wait = isHandedIn(server)
    ? { patience: Math.min(patience, SHARED_PATIENCE), quiet: QUIET }
    : { patience, quiet: 0 }
  await acceptQueueIsEmpty(() => accepted.length, wait, clock)
  closeListener(server)

  server.off('connection', hold)
  pausing.pauseOnConnect = pauseOnConnect
  if (!pauseOnConnect) for (const socket of accepted) socket.resume()
}

/**
 * Whether the listener is handed in by the primary of a node:cluster, which replaces the handle's
 * `close()` by its own.
 */
export function isHandedIn(server: AnyHttpServer): boolean {
  const { _handle: handle } = server as AnyHttpServer & { _handle?: object | null }
  return handle !== undefined && handle !== null && Object.hasOwn(handle, 'close')
}

/** Undoes what is left of an earlier stop: the same server may be started again, in tests for example. */
export function allowListening(server: AnyHttpServer): void {
  server.off('listening', closeAgain)
}

/**
 * Has nobody's `close()` cut idle connections for a while: from Node 19 on it does so at once, and
 * with them go the requests that are on their way.
 *
 * @returns a way to take it back
 */
export function keepIdleConnections(server: AnyHttpServer): () => void {
  const own = Object.getOwnPropertyDescriptor(server, 'closeIdleConnections')
  const keep = () => {}
  Object.assign(server, { closeIdleConnections: keep })
  return () => {
    if ((server as Server).closeIdleConnections !== keep) return
    if (own) Object.defineProperty(server, 'closeIdleConnections', own)
    else delete (server as Partial<Server>).closeIdleConnections
  }
}

/**
 * Closes the listener alone. From Node 24 on, the `close()` of an HTTP/2 server refuses new streams
 * as well; the rest of what that of an HTTP/1 server does is wanted.
 */
function closeListener(server: AnyHttpServer): void {
  if (!server.listening) return
  if (speaksHttp2(server)) return void NetServer.prototype.close.call(server)
  const undo = keepIdleConnections(server)
  try {
    server.close()
  } finally {
    undo()
  }
}

function closeAgain(this: AnyHttpServer): void {
  // Whoever has started it hears that it listens, and may ask for its address, before it is closed.
  beforePoll(() => closeListener(this))
}
