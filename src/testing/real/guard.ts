import { spawn } from 'node:child_process'
import { systemProcess } from '../../runtime/process.ts'
import type { Family } from './family.ts'
import { unrefPipe } from './node/unref-pipe.ts'

const guarded = new Set<Family>()
let stopWatching: (() => void) | undefined

/** Kills a program if the test's own process ends first. */
export interface Guard {
  /** Guards the program that has been started. */
  watch(family: Family): void
  /** The program is over, or was never started. */
  end(): void
}

/**
 * Starts a guard for a program that is started next. If the process of the test exits, the `exit` event is
 * enough. If a signal ends it, or the test's thread is terminated, only the end of a pipe shows it: a shell
 * waits for that.
 *
 * The shell is there before the program. On Linux it finds the program by its mark, so it needs no pid. It sees
 * the end of the pipe only when no process has the other side any more. A process that was forked for the
 * program, and does not run the program yet, has that side, too. So nothing is started after the shell looks.
 * Without /proc the shell needs the pid: a test that is killed before it has written the pid leaves the program.
 *
 * @param mark the variable of the program and of all that it starts, such as `NAME=value`
 */
export function startGuard(mark: string): Guard {
  const shell = spawn(
    'sh',
    ['-c', GUARD, 'sh', mark],
    // In a separate session, which nothing else ends.
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  )
  // If `sh` is missing or ends, the `exit` event alone has to do.
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  unrefPipe(shell.stdin)
  let watched: Family | undefined
  return {
    watch(family) {
      watched = family
      shell.stdin.write(`${family.leader}\n`)
      guarded.add(family)
      stopWatching ??= systemProcess.on('exit', () => {
        for (const one of guarded) one.end()
      })
    },
    end() {
      shell.stdin.end('over\n')
      if (watched) guarded.delete(watched)
      if (guarded.size > 0) return
      stopWatching?.()
      stopWatching = undefined
    },
  }
}

/**
 * Kills the group and, on Linux, every process with the mark, until there is none: one may be starting another.
 * Without grep, only the group.
 */
const GUARD = `
leader=
while read -r line; do
  [ "$line" = over ] && exit
  leader=$line
done
[ "$leader" ] && kill -s KILL -- "-$leader"
round=0
found=yes
while [ "$found" ] && [ $round -lt 100 ]; do
  found=
  round=$((round + 1))
  for environ in /proc/[0-9]*/environ; do
    grep -qszxF "$1" "$environ" || continue
    pid=\${environ#/proc/}
    kill -s KILL "\${pid%/environ}" && found=yes
  done
done`
