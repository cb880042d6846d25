import { PLATFORMS } from '../../platform/platforms.ts'
import type { Command } from './command.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import type { StartedProgram } from './program.ts'
import { reactionTo } from './signal-handlers.ts'
import { type Stopping, stopProgram } from './stop-program.ts'

/**
 * Starts a program and stops it as `docker stop` stops a container: SIGTERM to the program alone, 10 s,
 * then SIGKILL to all that it has started.
 *
 * A string is run by `sh -c`, like the shell form of CMD in a Dockerfile; an array is started directly.
 * A program without a handler for the signal doesn't get it, like PID 1 in a container: a shell does not
 * notice the stop, and neither do the programs that it has started. (Whether a Node program has a handler
 * cannot be seen from outside. Without one, SIGTERM ends it here, but in a container it would be killed
 * at the end of the grace.)
 *
 * Docker does not tell a program its grace, and neither does this function: if `grace` isn't 10 s, the
 * program's own options have to say so.
 *
 * The rule: https://docs.docker.com/reference/cli/docker/container/stop/
 *
 * @example
 * const stopped = await stopLikeDocker(['node', 'server.js'], { ready: /listening/ })
 * expect(stopped).toMatchObject({ code: 0, killed: false, leftBehind: false })
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`; `LASTCALL_NOT_READY` where the program can't be started or
 * is not ready in time, or where `signal` aborts; `LASTCALL_ENDED_EARLY` where it ends by itself
 */
export async function stopLikeDocker(command: Command, options: StopOptions): Promise<Stopped> {
  return stopProgram(command, parseOptions(options, PLATFORMS.docker.grace), {
    env: {},
    stop: (program, stopping) => stopPid1(program, stopping, stopping.grace),
  })
}

/** Sends SIGTERM to a program as to PID 1 of a container, waits, and kills it. */
export async function stopPid1(
  program: StartedProgram,
  { kill, note, exitIsItsOwn }: Stopping,
  milliseconds: number,
): Promise<void> {
  if (program.hasEnded) return
  const reaction = reactionTo('SIGTERM', program.pid)
  if (reaction === undefined || reaction === 'handles') {
    program.signal('SIGTERM')
  } else {
    exitIsItsOwn()
    const fix = 'start the program itself, with the command as an array, or with `exec`'
    note(
      `SIGTERM has not reached \`${program.name}\`: the process that was started has no handler for it, and as PID 1 of a container it would be spared; ${fix}`,
    )
  }
  if (!(await program.endsWithin(milliseconds))) await kill()
  else if (program.status?.signal === 'SIGTERM') {
    note(
      'it has no handler for SIGTERM and was ended by it; as PID 1 of a container it would go on, and be killed at the end of the grace',
    )
  }
}
