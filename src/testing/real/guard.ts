import { spawn } from 'node:child_process'
import { systemProcess } from '../../runtime/process.ts'
import type { Family } from './family.ts'
import { unrefPipe } from './node/unref-pipe.ts'

const guarded = new Set<Family>()
let stopWatching: (() => void) | undefined

/**
 * Kills a program if the test's own process ends first. Returns a function that undoes this. The `exit`
 * event is enough if the process exits. If a signal ends the process, or the test's thread is terminated,
 * only the end of a pipe shows it: a shell waits for that.
 */
export function guard(family: Family): () => void {
  guarded.add(family)
  stopWatching ??= systemProcess.on('exit', () => {
    for (const family of guarded) family.end()
  })
  const shell = spawn(
    'sh',
    ['-c', GUARD, 'sh', String(family.leader), family.mark],
    // In a separate session, which nothing else ends.
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  )
  // If `sh` is missing or ends, the `exit` event alone has to do.
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  unrefPipe(shell.stdin)
  return () => {
    shell.stdin.end('over\n')
    guarded.delete(family)
    if (guarded.size > 0) return
    stopWatching?.()
    stopWatching = undefined
  }
}

/** Kills the group, and on Linux every process with the mark. Without grep, only the group. */
const GUARD = `
read -r over && exit
kill -s KILL -- "-$1"
for environ in /proc/[0-9]*/environ; do
  grep -qszxF "$2" "$environ" || continue
  pid=\${environ#/proc/}
  kill -s KILL "\${pid%/environ}"
done`
