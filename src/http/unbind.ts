import { formatDuration } from '../base/duration.ts'
import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import { isClusterWorker } from '../runtime/thread.ts'
import type { Clients } from './clients.ts'
import type { KnownProbers } from './health/health-checks.ts'
import { lameDuck } from './lame-duck.ts'
import { keepIdleConnections } from './node/keep-idle-connections.ts'
import type { LameDuckSettings } from './options.ts'
import { noteEarlyClose } from './others-close.ts'
import type { AnyHttpServer } from './server.ts'
import { stopListening } from './stop-listening.ts'

/**
 * How long new connections may delay the end of listening, in milliseconds: enough for a full queue
 * of TLS handshakes. At most a quarter of the hook's time.
 */
const LONGEST_ACCEPT_WAIT = 2000

/**
 * How long a node:cluster worker lives on after it stopped listening, in milliseconds; at most a
 * quarter of the hook's time. Until the primary learns of the stop, the worker hands back the
 * connections it is sent. Otherwise their clients get neither answer nor reset.
 */
const HAND_BACK_TIME = 50

interface UnbindOptions {
  readonly server: AnyHttpServer
  readonly clients: Clients
  readonly clock: Clock
  readonly lameDuck: LameDuckSettings
  readonly probers: KnownProbers | undefined
}

/**
 * Lasts out the lame duck, then stops listening. Connected clients notice nothing: their requests are
 * served. Resolves when no client can connect any more.
 */
export async function unbind(options: UnbindOptions, context: HookContext): Promise<void> {
  const { server, clients, clock, probers } = options
  clients.undoKeepIdle ??= keepIdleConnections(server)
  clients.watchServer(server)
  clients.enterLameDuck()
  try {
    const began = clock.now()
    const why = await lameDuck(options.lameDuck, clients.state, probers, context)
    if (why) context.note(`lame duck of ${formatDuration(clock.now() - began)}: ${why}`)
    noteEarlyClose(server, context)
    if (!context.signal.aborted) await stopAccepting(options, context.remaining() / 4)
  } finally {
    clients.endLameDuck()
  }
}

/**
 * Stops listening. A cluster's primary learns of it later: the drain waits for that, too.
 *
 * @param atMost how long it may take, in milliseconds
 */
export async function stopAccepting(
  { server, clients, clock }: Pick<UnbindOptions, 'server' | 'clients' | 'clock'>,
  atMost: number,
): Promise<void> {
  const handsBack = server.listening && isClusterWorker()
  await stopListening(server, clock, Math.min(LONGEST_ACCEPT_WAIT, atMost))
  if (!handsBack) return
  const wait = Math.min(HAND_BACK_TIME, atMost)
  clients.handedBack = new Promise<void>((resolve) => {
    clock.setTimeout(() => clock.afterPoll(resolve), wait)
  })
}
