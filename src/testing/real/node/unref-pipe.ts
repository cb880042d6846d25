/**
 * Lets the process end although its pipe to a child is open.
 *
 * Relies on: the pipe is a socket with `unref()`. Node documents the `stdin` of a child as a `Writable` only.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: the pipe keeps the test's process alive until the program under test has ended.
 */
export function unrefPipe(pipe: object): void {
  ;(pipe as { unref?(): void }).unref?.()
}
