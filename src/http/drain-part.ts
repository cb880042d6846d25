import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Interceptor } from './node/intercept.ts'

/** The drain of a server's clients of one version of HTTP. */
export interface DrainPart {
  /** By event name. Called before the server's listeners while the drain runs. */
  readonly interceptors: Readonly<Record<string, Interceptor>>
  /** Announces the close to connected clients and to clients that connect later. */
  begin(): void
  /** Undoes what begin() set up. */
  stop(): void
  whatWasDone(): string[]
  whatIsLeft(): string[]
}

/** What a part needs from the whole drain. */
export interface DrainContext {
  readonly clock: Clock
  /** How long a client has to be silent before its connection is closed, in milliseconds. */
  readonly linger: number
  readonly hook: HookContext
  /** Whether a request comes too late for its handler to finish. */
  isTooLate(): boolean
  /** Called when a client has left: the drain may be over. */
  onLeft(): void
}
