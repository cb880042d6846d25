// Relies on: Node numbers threads from 1 in the order in which they start, and uses no number twice. The
// documentation only says that `threadId` is unique. Seen in: Node 20.19, 22, 24, 26.
// If numbers are larger: an exit starts the exit guard's shell without need. If they are smaller or
// reused: it starts no shell, and the platform kills a process whose thread never ends.

/**
 * Whether the process started threads before ours. The event `worker` reports only later ones.
 *
 * @param ours how many threads lastcall has started, including this one
 */
export function othersStartedBefore(thread: { readonly threadId: number }, ours: number): boolean {
  return thread.threadId > ours
}
