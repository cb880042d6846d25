import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import type { SendQueues } from '../runtime/send-queues.ts'
import type { Interceptor } from './node/intercept.ts'

/** The drain of a server's clients of one version of HTTP, or of the requests that clients left behind. */
export interface DrainPart {
  /** By event name. Called before the server's listeners while the drain runs. */
  readonly interceptors: Readonly<Record<string, Interceptor>>
  /** Whether all clients have left. */
  readonly isOver: boolean
  /** Announces the close to connected clients and to clients that connect later. */
  begin(): void
  /** Undoes what begin() set up. */
  stop(): void
  /** Whether work of the application is in flight, which no client holds up. */
  hasWork(): boolean
  /** Whether a client is slow to take what was sent to it: then the kernel's queues are read. */
  isSlow(): boolean
  /**
   * What has happened since the last call.
   *
   * @param queues `undefined` if no client is slow, or if the system does not tell
   */
  movement(queues: SendQueues | undefined): Movement
  whatWasDone(): string[]
  whatIsLeft(): string[]
}

/**
 * `client`: one has asked for something, or taken something. `upgraded`: something was sent over an
 * upgraded connection, which is work for as long as it is used.
 */
export type Movement = 'none' | 'client' | 'upgraded'

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
  /** Called when a client does not take what was sent to it: it should be observed. */
  onSlow(): void
}
