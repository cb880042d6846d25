import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { systemProcess } from '../../runtime/process.ts'
import { markOf } from './environment.ts'
import type { Family } from './family.ts'
import { unrefPipe } from './node/unref-pipe.ts'

const guards = new Set<Guard>()
let stopWatching: (() => void) | undefined

/**
 * Kills a program, and all that it has started, if the test's own process ends first. The `exit` event is
 * enough if the process exits. If a signal ends the process, or the test's thread is terminated, only the
 * end of a pipe shows it: a shell waits for that.
 *
 * The shell starts before the program does, and knows it by the mark in its environment. There is no gap.
 * A program that is being started is a copy of the test's process and has its end of the pipe, which it
 * closes in the same system call that gives it its environment. So the shell reads the end of the pipe when
 * it can see the mark, or when nothing was started.
 *
 * Without /proc, as on macOS, the shell knows the process group only. There a program stays if the test's
 * process is killed between the start and the call of `watch()`, and so does what has left the group.
 */
export class Guard {
  readonly #shell: ChildProcess | undefined
  #family: Family | undefined

  /** @param mark the value of the variable that marks the program */
  constructor(mark: string) {
    guards.add(this)
    stopWatching ??= systemProcess.on('exit', () => {
      for (const { family } of guards) family?.end()
    })
    this.#shell = startShell(mark)
  }

  get family(): Family | undefined {
    return this.#family
  }

  /** Tells the guard the process group of the program. */
  watch(family: Family): void {
    this.#family = family
    this.#write(`${family.leader}\n`)
  }

  /** Ends the guard: there is nothing to kill any more. */
  end(): void {
    this.#write('over\n')
    this.#shell?.stdin?.end()
    guards.delete(this)
    if (guards.size > 0) return
    stopWatching?.()
    stopWatching = undefined
  }

  #write(line: string): void {
    this.#shell?.stdin?.write(line)
  }
}

/** If the shell is missing or ends, the `exit` event alone has to do. */
function startShell(mark: string): ChildProcess | undefined {
  try {
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'sh', markOf(mark)], {
      // In a separate session, which nothing else ends.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    shell.on('error', () => {})
    const pipe = shell.stdin as Writable
    pipe.on('error', () => {})
    shell.unref()
    unrefPipe(pipe)
    return shell
  } catch {
    return undefined // The system starts no more processes.
  }
}

/**
 * Kills the group, and on Linux every process with the mark. Without grep, only the group. A process may
 * start another one during a look and end before it is reached: all is over when two looks find nothing.
 */
const SCRIPT = `
PATH=$PATH:/usr/bin:/bin
while read -r line; do
  case $line in
    over) exit ;;
    *) group=$line ;;
  esac
done
[ "$group" ] && kill -s KILL -- "-$group"
looks=0
empty=0
while [ "$empty" -lt 2 ] && [ "$looks" -lt 1000 ]; do
  looks=$((looks + 1))
  empty=$((empty + 1))
  for environ in $(grep -slzxF -e "$1" /proc/[0-9]*/environ); do
    pid=\${environ#/proc/}
    kill -s KILL "\${pid%/environ}" && empty=0
  done
done`
