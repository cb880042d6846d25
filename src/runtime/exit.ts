let hasBegun = false

/** Whether an exit has begun, that is: the listeners to `exit` have been called. */
export function hasExitBegun(): boolean {
  return hasBegun
}

/** Implements `ProcessPort.exit()`. */
export function exitProcess(code: number): void {
  const mark = () => {
    hasBegun = true
  }
  // Before the other listeners: one of them may throw.
  process.prependListener('exit', mark)
  try {
    process.exit(code)
  } finally {
    process.off('exit', mark)
  }
}

/** The exit code that the application has set, as its parent would see it. 0 where it has set none. */
export function ownExitCode(): number {
  const code = Number(process.exitCode ?? 0) || 0
  // The kernel keeps 8 bits. 256 would become 0, which is success, and was not meant as such.
  return code === 0 ? 0 : code & 255 || 1
}
