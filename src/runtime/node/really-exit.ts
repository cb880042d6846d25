// Relies on: `process.reallyExit(code)`, with which `process.exit()` ends after it has called the
// listeners to `exit`. Those belong to the application, and may block as well.
// Seen in: Node 20.19, 22, 24, 26. Where it is missing: the thread sends SIGKILL first in any case. PID 1
// of a container does not get it, and then lives until the platform kills it.

/** Ends a process that is blocked in JavaScript. The watchdog's thread has the debugger evaluate it there. */
export const EXIT_AT_ONCE = 'process.reallyExit(137)'
