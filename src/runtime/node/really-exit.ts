// Relies on: `process.reallyExit(code)`, which `process.exit()` calls after the `exit` listeners, and which
// may be replaced; tools such as signal-exit do that too.
// Seen in: Node 20.19, 22, 24, 26.
// If it is missing, or `process.exit()` does not call it: `exit` listeners that run after ours can change the
// exit code. The watchdog's thread sends SIGKILL first anyway. PID 1 of a container does not get that SIGKILL,
// and lives until the platform kills it.

type ReallyExit = ((code?: unknown) => void) & { beneath?: ReallyExit }

/**
 * Calls `decide` at the last moment of a `process.exit()`, when no code of others runs any more. The process
 * exits with the code that it returns. Returns a function that undoes this.
 */
export function onReallyExit(decide: (code: unknown) => number): () => void {
  const host = process as unknown as { reallyExit?: ReallyExit }
  const beneath = host.reallyExit
  if (typeof beneath !== 'function') return () => {}
  let isUndone = false
  const ours: ReallyExit = (code) => beneath.call(process, isUndone ? code : decide(code))
  host.reallyExit = Object.assign(ours, { beneath })
  return () => {
    isUndone = true
    if (host.reallyExit === ours) host.reallyExit = beneath
  }
}

/** Ends a process that is blocked in JavaScript. The watchdog's thread evaluates it there through the debugger. */
export const EXIT_AT_ONCE =
  'void (function exit(really) { return really.beneath ? exit(really.beneath) : really.call(process, 137) })(process.reallyExit)'
