import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'

/**
 * Stops listening once nobody waits to be accepted: the kernel resets those when a listener closes,
 * and with them requests that were sent. libuv accepts one connection in each poll phase, so phases
 * pass until one of them had none. What is accepted meanwhile is not read before the end: where
 * every client connects anew for each request, answering would bring the next one in.
 *
 * @param patience how long new connections may go on coming in before the listener is closed under
 * them, in milliseconds
 */
export async function stopListening(server: Server, clock: Clock, patience: number): Promise<void> {
  if (!server.listening) {
    // A start may be under way: if it begins to listen after this, it stops at once.
    server.once('listening', closeAgain)
    return
  }
  const accepted: Socket[] = []
  const hold = (socket: Socket) => void accepted.push(socket)
  const pausing = server as Server & { pauseOnConnect: boolean }
  const { pauseOnConnect } = pausing
  pausing.pauseOnConnect = true
  server.prependListener('connection', hold)

  await queueIsEmpty(() => accepted.length, clock, patience)
  closeListener(server)

  server.off('connection', hold)
  pausing.pauseOnConnect = pauseOnConnect
  if (!pauseOnConnect) for (const socket of accepted) socket.resume()
}

/** Undoes what is left of an earlier stop: the same server may be started again, in tests for example. */
export function allowListening(server: Server): void {
  server.off('listening', closeAgain)
}

/**
 * Closes the listener alone. From Node 19 on, `close()` also cuts idle connections at once, and with
 * them the requests that are on their way; the rest of it is wanted.
 */
function closeListener(server: Server): void {
  if (!server.listening) return
  const own = Object.getOwnPropertyDescriptor(server, 'closeIdleConnections')
  server.closeIdleConnections = () => {}
  try {
    server.close()
  } finally {
    if (own) Object.defineProperty(server, 'closeIdleConnections', own)
    else delete (server as Partial<Server>).closeIdleConnections
  }
}

function closeAgain(this: Server): void {
  closeListener(this)
}

/**
 * Waits for a poll phase in which nobody was accepted. Whoever comes while the other events of that
 * phase are dealt with is lost, so it should be a short one; the longer it takes to find one, the
 * less short it has to be.
 */
function queueIsEmpty(accepted: () => number, clock: Clock, patience: number): Promise<void> {
  const began = clock.now()
  return new Promise((resolve) => {
    // The phase that brought the signal may have begun before connections that have come since.
    let before = { accepted: Number.NaN, at: Number.NaN }
    const look = () => {
      const at = clock.now()
      const isShort = at - before.at < 0.2 + (at - began) / 2
      if ((accepted() === before.accepted && isShort) || at - began > patience) return resolve()
      before = { accepted: accepted(), at: clock.now() }
      clock.afterPoll(look)
    }
    clock.afterPoll(look)
  })
}
