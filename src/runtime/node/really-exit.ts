// Relies on: `process.reallyExit(code)`, which `process.exit()` calls after the `exit` listeners. The
// application's listeners may block as well.
// Seen in: Node 20.19, 22, 24, 26. If it is missing: the thread sends SIGKILL first anyway. PID 1 of a
// container does not get that SIGKILL, and lives until the platform kills it.

/** Ends a process that is blocked in JavaScript. The watchdog's thread evaluates it there through the debugger. */
export const EXIT_AT_ONCE = 'process.reallyExit(137)'
