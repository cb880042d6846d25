/**
 * Whether a worker thread has ended.
 *
 * Relies on: `threadId` is -1 after the end. Node documents the number of a running thread only.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: the hook of an ended thread waits for its exit, and is cut off at its limit.
 */
export function threadHasEnded({ threadId }: { readonly threadId: number }): boolean {
  return threadId === -1
}
