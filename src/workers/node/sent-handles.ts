import type { ChildProcessLike } from '../child.ts'
import type { Handle } from './handle-close.ts'

/** Receives the handles that the primary sends to a worker. */
export interface SentHandles {
  /** A connection for the worker to serve. */
  connection(handle: Handle): void
  /** A copy of a listener: the primary keeps the one that it sends. */
  listener(handle: Handle): void
}

/**
 * Calls back with each handle that the primary of a cluster sends to a worker.
 *
 * Relies on: Node sends them by `send` of the child process, in messages with `cmd: 'NODE_CLUSTER'`: a connection
 * with `act: 'newconn'`, a listener with an `ack`.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: a connection sent to a worker that crashes goes to no other worker. With
 * SCHED_NONE the connections in the kernel's queue are reset when the last worker closes.
 */
export function onSentHandle(child: ChildProcessLike, { connection, listener }: SentHandles): void {
  const sender = child as unknown as { send(...args: unknown[]): unknown }
  const { send } = sender
  sender.send = (...args) => {
    const [message, handle] = args as [{ cmd?: string; act?: string; ack?: number } | null, Handle?]
    if (handle && message?.cmd === 'NODE_CLUSTER') {
      if (message.act === 'newconn') connection(handle)
      else if (message.ack !== undefined) listener(handle)
    }
    return send.apply(child, args)
  }
}
