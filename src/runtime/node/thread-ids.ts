// Relies on: Node numbers threads from 1 in the order in which they start, and uses no number twice.
// `threadId` is documented as unique, and no more. Seen in: Node 20.19, 22, 24, 26.
// Where numbers are larger: an exit starts the shell of the exit guard without need. Where they are
// smaller or used again: it starts none, and if a thread never ends, the platform kills the process.

/**
 * Whether the process started threads before ours. The event `worker` reports only later ones.
 *
 * @param ours how many threads of ours there have been, with this one
 */
export function othersStartedBefore(thread: { readonly threadId: number }, ours: number): boolean {
  return thread.threadId > ours
}
