/**
 * Finds out whether the process started threads before ours. The event `worker` reports only later ones.
 *
 * Relies on: Node numbers threads in the order in which they start, beginning with 1, and uses no number
 * twice. `threadId` is documented as unique, and no more.
 *
 * Seen in: Node 20.19, 22, 24, 26.
 *
 * Where numbers are larger: a process that never had other threads counts as one that had, and its exit
 * starts a shell that would kill it. Where they are smaller or used again: no such shell is started, and
 * if a thread never ends, the platform has to kill the process.
 */

/** @param ours how many threads of ours there have been, with this one */
export function othersStartedBefore(thread: { readonly threadId: number }, ours: number): boolean {
  return thread.threadId > ours
}
