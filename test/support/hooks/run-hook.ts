import type { Server } from 'node:http'
import type { Hook, HookContext } from 'lastcall'
import { httpServerHooks } from '../../../src/http/http-server.ts'
import type { HttpServerOptions } from '../../../src/http/options.ts'
import type { AnyHttpServer } from '../../../src/http/server.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { PollingClock } from '../service.ts'
import { type ContextOptions, contextOf } from './context.ts'

/** Runs a hook without a coordinator: the test comes to its limit when it wants. */
export function runHook(
  hook: { run(context: HookContext): unknown },
  options: Partial<ContextOptions> = {},
) {
  const { abort, context, notes } = contextOf({ clock: new PollingClock(), ...options })
  return { abort, notes, over: Promise.resolve(hook.run(context)) }
}

/** The one hook that a server has in a phase of its own: lame duck, end of listening and drain. */
export function wholeHook(server: AnyHttpServer, options: HttpServerOptions, clock: Clock): Hook {
  const [, hook] = httpServerHooks(server, { ...options, phase: 'stop' }, clock)
  return hook as Hook
}

/** The sockets that a server knows of. */
export function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => void server.getConnections((_, count) => resolve(count)))
}
