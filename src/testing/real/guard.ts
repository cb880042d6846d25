import { spawn } from 'node:child_process'
import { systemProcess } from '../../runtime/process.ts'
import type { Family } from './family.ts'

const guarded = new Set<Family>()
let stopWatching: (() => void) | undefined

/**
 * Ends a program where the test's own process ends before it, in whichever way; returns a way to
 * take that back. A process that exits is told so; of one that is ended by a signal, or of a thread
 * that is terminated, only the end of a pipe tells, to somebody who waits for it.
 */
export function guard(family: Family): () => void {
  guarded.add(family)
  stopWatching ??= systemProcess.on('exit', () => {
    for (const one of guarded) one.end()
  })
  const waiting = spawn(
    'sh',
    ['-c', GUARD, 'sh', String(family.leader), family.mark],
    // Of no group or session that anybody else ends.
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  )
  // Where there is no `sh`, or it is ended, the exit is all that is watched.
  waiting.on('error', () => {})
  waiting.stdin.on('error', () => {})
  waiting.unref()
  unref(waiting.stdin)
  return () => {
    waiting.stdin.end('over\n')
    guarded.delete(family)
    if (guarded.size > 0) return
    stopWatching?.()
    stopWatching = undefined
  }
}

/** Ends the group, and on Linux everybody who bears the mark; grep and /proc may be missing. */
const GUARD = `
read -r over && exit
kill -s KILL -- "-$1"
for environ in /proc/[0-9]*/environ; do
  grep -qszxF "$2" "$environ" || continue
  pid=\${environ#/proc/}
  kill -s KILL "\${pid%/environ}"
done`

/** A pipe to a child is a socket, whatever its type says. */
function unref(stream: object): void {
  ;(stream as { unref?(): void }).unref?.()
}
