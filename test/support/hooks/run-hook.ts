import type { Server } from 'node:http'
import type { HookContext } from 'lastcall'
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

/** The sockets that a server knows of. */
export function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => void server.getConnections((_, count) => resolve(count)))
}
