// Relies on: `process.channel.refCounted()` and `unrefCounted()`, with which Node counts the listeners to
// `message` that hold the process. The documented `ref()` and `unref()` override the count, and with it
// the application's own listeners. Seen in: Node 20.19, 22, 24, 26.
// Where they are missing: a process that was started with a channel lives until its parent closes it.

/** Counts a listener to messages among those that hold the process, or no longer. */
export function countAsReference(isReference: boolean): void {
  const channel = process.channel as { refCounted?(): void; unrefCounted?(): void } | undefined
  if (isReference) channel?.refCounted?.()
  else channel?.unrefCounted?.()
}
