import type { HookContext } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Interceptor } from './node/intercept.ts'

/** One version of the protocol's part in the drain of a server. */
export interface DrainPart {
  /** What it wants to see before the server's listeners do, from `begin()` on. */
  readonly interceptors: Readonly<Record<string, Interceptor>>
  /** Says goodbye to everybody who is there, and to those who come from now on. */
  begin(): void
  /** Takes back what begin() put in place. */
  stop(): void
  whatWasDone(): string[]
  whatIsLeft(): string[]
}

/** What a part needs to know of the whole. */
export interface DrainContext {
  readonly clock: Clock
  /** How long a client has to be silent before we close, in milliseconds. */
  readonly linger: number
  readonly context: HookContext
  /** Whether a request comes too late for its handler to finish. */
  isTooLate(): boolean
  /** Somebody has left; the drain may be over. */
  onLeft(): void
}

/** Who is at the other end: a proxy, most often. Nothing of a socket that has no addresses. */
export function clientName(socket: { readonly remoteAddress?: string | undefined }): string {
  // An address of IPv4 at a listener for both comes as one of IPv6.
  const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
  return address === undefined ? '' : `, from ${address}`
}

/** What is shown of a request: the path only, for what a query, a header or a body holds is nobody's business. */
export function requestName(method = '', url = ''): string {
  return `${method} ${url.split('?', 1)[0]}`
}
