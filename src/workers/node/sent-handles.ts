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
 * Relies on: Node sends them by the method `send` of the child process, as messages with `cmd: 'NODE_CLUSTER'`.
 * One with `act: 'newconn'` has a connection, and one with an `ack`, an answer, has a listener.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: a connection that was sent to a worker that crashes goes to no other worker. With
 * SCHED_NONE the primary keeps its copies until Node closes them with the last worker, and the
 * connections in the kernel's queue are reset.
 */
export function onSentHandle(child: ChildProcessLike, { connection, listener }: SentHandles): void {
  const sender = child as unknown as { send(...args: unknown[]): unknown }
  const { send } = sender
  sender.send = (...args) => {
    const [message, handle] = args as [InternalMessage | null, Handle?]
    if (handle && message?.cmd === 'NODE_CLUSTER') {
      if (message.act === 'newconn') connection(handle)
      else if (message.ack !== undefined) listener(handle)
    }
    return send.apply(child, args)
  }
}

/** The part used here of a message between Node's own code in the primary and in a worker. */
interface InternalMessage {
  readonly cmd?: string
  readonly act?: string
  readonly ack?: number
}
