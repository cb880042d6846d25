// Relies on: `process.channel.refCounted()` and `unrefCounted()`, with which Node counts the `message`
// listeners that keep the process alive. The documented `ref()` and `unref()` override that count, and
// thus the application's listeners. Seen in: Node 20.19, 22, 24, 26.
// If they are missing: a process that was started with a channel lives until its parent closes it.

/** Makes Node count a `message` listener as keeping the process alive, or not. */
export function countAsReference(isReference: boolean): void {
  const channel = process.channel as { refCounted?(): void; unrefCounted?(): void } | undefined
  if (isReference) channel?.refCounted?.()
  else channel?.unrefCounted?.()
}
