import type { Log } from '../../observe/log.ts'
import { logJson } from '../../observe/log-json.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { ProcessPort } from '../../runtime/process.ts'

/**
 * Kills the process if its exit takes longer than `milliseconds`. No thread can: the exit ends the
 * watchdog's thread, then waits for another one. So a shell does it, as a child process that ends when
 * the process has exited. Without a shell, the platform's SIGKILL ends the process.
 */
export function guardExit(
  host: ProcessPort,
  clock: Clock,
  milliseconds: number,
  format: Log['onStderr'],
): void {
  const msg = 'the exit is blocked by a worker thread that does not end: killed'
  // The line is made now but written at the kill, so it has the time of the kill.
  const time = clock.date() + milliseconds
  const fields = { event: 'blocked' }
  const lines = {
    text: `lastcall: ${msg}\n`,
    json: logJson({ level: 'fatal', time, pid: host.pid, fields, msg }),
    silent: '',
  }
  host.startShell(SCRIPT, [(milliseconds / 1000).toFixed(3), lines[format]])
}

// The shell's input ends when the process has exited. PID 1 of a container gets no SIGKILL from inside.
// There the script kills all other processes: the thread that does not end may wait for one of them.
// A process that is stopped, as by SIGSTOP, gets the time again.
const SCRIPT = `
exec 3<&0 4>&2 2>/dev/null
trap 'kill $!; exit 0' TERM
{ read -r _; kill $$; } <&3 &
while
  sleep "$1" &
  wait $!
  grep -q '^State:.T' /proc/$PPID/status
do :; done
printf '%s' "$2" >&4
kill -9 $PPID
[ $PPID != 1 ] || kill -9 -1
`
