/**
 * Keeps the channel to the parent from holding this process, as long as only lastcall listens to it.
 *
 * Relies on: `process.channel.refCounted()` and `unrefCounted()`. Node counts the listeners to `message`
 * with them, and the channel holds the process while the count is above 0. The documented `ref()` and
 * `unref()` are not enough: they override the count, and with it the application's own listeners.
 *
 * Seen in: Node 20.19, 22, 24, 26.
 *
 * Where they are missing: nothing is done. A process that its parent has started with a channel then
 * lives until the parent closes it.
 */

/** Counts a listener to messages among those that hold the process, or no longer. */
export function countAsReference(isReference: boolean): void {
  const channel = process.channel as { refCounted?(): void; unrefCounted?(): void } | undefined
  if (isReference) channel?.refCounted?.()
  else channel?.unrefCounted?.()
}
