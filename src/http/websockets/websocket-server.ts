import { inCall, refusal, show } from '../../base/errors.ts'
import { type Hook, type HookContext, placeHook } from '../../engine/hook.ts'
import { AdapterClock, followTestTime } from '../../runtime/adapter-clock.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Clients } from '../clients.ts'
import { BatchedClose } from './close-in-batches.ts'
import { KnownSockets, type WebSocketLike, type WebSocketServerLike } from './known-sockets.ts'
import { checkOptions, type WebSocketServerOptions } from './options.ts'

/**
 * Returns the hook that closes the WebSockets of a `WebSocketServer` of `ws`, in batches. It waits
 * for the clients' answers. A WebSocket that is busy is closed when it is not busy any more. One whose
 * client does not answer within 2 s is terminated: that changes no exit code. At the hook's limit those
 * that are still busy are cut off.
 *
 * If the WebSockets share an HTTP server, add that with `httpServer(server)` too: new WebSockets are
 * served until its lame duck is over, then all are closed. Later upgrades get 503.
 *
 * @example
 * const sockets = new WebSocketServer({ server })
 * shutdown.add(httpServer(server))
 * shutdown.add(webSocketServer(sockets, { batchSize: 500, batchInterval: '200ms' }))
 *
 * @throws LastcallError `LASTCALL_NOT_A_SERVER` for anything but a `WebSocketServer` that tracks its
 * clients, `LASTCALL_INVALID_OPTION` for an option that breaks its rule or does not exist
 */
export function webSocketServer<Socket extends WebSocketLike>(
  sockets: WebSocketServerLike<Socket>,
  options: WebSocketServerOptions<Socket> = {},
): Hook[] {
  // `busy` gets only WebSockets of this server.
  return inCall('webSocketServer()', () =>
    webSocketServerHooks(sockets, options as WebSocketServerOptions, new AdapterClock()),
  )
}

export function webSocketServerHooks(
  sockets: WebSocketServerLike,
  options: WebSocketServerOptions,
  clock: Clock,
): Hook[] {
  refuseNonWebSocketServer(sockets)
  const { place, settings } = checkOptions(options)
  const run = async (context: HookContext) => {
    followTestTime(known.clock, context)
    // Created before the lame duck: if the limit comes during it, this ends the WebSockets.
    const close = new BatchedClose(sockets, known, settings, context)
    // httpServer()'s hook of the same phase may start after this one: lets it enter its lame duck.
    await new Promise<void>((resolve) => known.clock.afterPoll(resolve))
    await new Promise<void>((resolve) => {
      context.signal.addEventListener('abort', () => resolve(), { once: true })
      void Clients.lameDuckIsOver(known.httpServer).then(resolve)
    })
    if (!context.signal.aborted) await close.run()
  }
  const hook = placeHook(place, run)
  // After the checks: a refused call must leave the server as it was.
  const known = KnownSockets.of(sockets, clock)
  if (settings.busy) known.rememberClosedFor = settings.goneClients
  return [hook]
}

function refuseNonWebSocketServer(sockets: WebSocketServerLike): void {
  const isServer = typeof sockets?.on === 'function' && typeof sockets.close === 'function'
  if (isServer && typeof sockets.clients?.[Symbol.iterator] === 'function') return
  const fix = isServer
    ? 'It does not say who its clients are: pass the WebSocketServer of ws, without `clientTracking: false`.'
    : 'Pass the WebSocketServer of ws.'
  throw refusal(
    'LASTCALL_NOT_A_SERVER',
    `Expected \`sockets\` to be a WebSocketServer of ws, got ${show(sockets)}. ${fix}`,
  )
}
