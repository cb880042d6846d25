/**
 * Whether a worker thread has ended, asked at any time after its end.
 *
 * Relies on: `threadId` of a Worker is -1 once it has ended. Node documents the number of a running
 * thread only.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: an ended thread counts as running. Its hook sends it the message, which nothing
 * reads, waits for an exit that is over, and is cut off at its limit.
 */
export function threadHasEnded({ threadId }: { readonly threadId: number }): boolean {
  return threadId === -1
}
