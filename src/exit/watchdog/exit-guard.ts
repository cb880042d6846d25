import type { Log } from '../../observe/log.ts'
import type { ProcessPort } from '../../runtime/process.ts'

/**
 * Kills the process where its exit takes longer than this, and no thread of it can: by a shell beside
 * it, which ends as soon as the process is gone. Where there is no shell the platform has to do it.
 */
export function guardExit(
  host: ProcessPort,
  { milliseconds, format }: { readonly milliseconds: number; readonly format: Log['onStderr'] },
): void {
  const msg = 'the exit is blocked by a worker thread that does not end: killed'
  const fields = { level: 'fatal', pid: host.pid, name: 'lastcall', event: 'blocked', msg }
  const lines = { text: `lastcall: ${msg}`, json: JSON.stringify(fields), silent: '' }
  host.startShell(SCRIPT, [(milliseconds / 1000).toFixed(3), lines[format]])
}

// Its input ends with the process that holds the other end. PID 1 of a container can't be killed from
// inside, but what its thread waits for can, and would die with it.
const SCRIPT = `
exec 3<&0 4>&2 2>/dev/null
sleep "$1" & timer=$!
{ read -r _; kill $timer; } <&3 &
wait $timer || exit 0
[ -z "$2" ] || printf '%s\\n' "$2" >&4
kill -9 $PPID
[ $PPID != 1 ] || kill -9 -1
`
