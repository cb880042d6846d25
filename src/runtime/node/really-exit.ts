/**
 * Ends a process whose main thread is blocked in JavaScript. The watchdog's thread has it evaluated
 * there, by the debugger.
 *
 * Relies on: `process.reallyExit(code)`, with which `process.exit()` ends after it has called the
 * listeners to `exit`. Those belong to the application, and may block as well.
 *
 * Seen in: Node 20.19, 22, 24, 26.
 *
 * Where it is missing: the thread sends SIGKILL first in any case. As PID 1 of a container, a process
 * does not get it, and then lives until the platform kills it.
 */
export const EXIT_AT_ONCE = 'process.reallyExit(137)'
