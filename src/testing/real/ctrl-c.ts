import { PLATFORMS } from '../../platform/platforms.ts'
import type { Command } from './command.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import { stopProgram } from './stop-program.ts'

/**
 * Starts a program in the foreground of a terminal and stops it as a Ctrl-C does: SIGINT to the program
 * and to all of its process group, as `npm start` with npm, a shell and Node in it. Nobody kills
 * there: `grace`, by default 10 s, is how long this waits before it gives up and does.
 *
 * The terminal is a real one, and the key is pressed, where there is `script` (on Linux, with util-linux
 * or busybox). It is the program's stdin; stdout and stderr are pipes, so that they are told apart.
 * Elsewhere SIGINT is sent to the group, stdin is empty, and `notes` say so: a program that
 * looks whether somebody sits in front of it takes that for a platform.
 *
 * A string is run by a shell that waits for what it has started, as one does that is typed into.
 *
 * The rule: `ISIG` and `VINTR` in https://man7.org/linux/man-pages/man3/termios.3.html
 *
 * @example
 * const stopped = await stopLikeCtrlC(['npm', 'start'], { ready: /listening/ })
 * expect(stopped).toMatchObject({ killed: false, leftBehind: false })
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`; `LASTCALL_NOT_READY` where it can't be started, has
 * ended by itself, is not ready in time, or is given up by its `signal`
 */
export async function stopLikeCtrlC(command: Command, options: StopOptions): Promise<Stopped> {
  return stopProgram(command, parseOptions(options, PLATFORMS.unknown.grace), {
    env: {},
    by: 'terminal',
    // Without a handler it would be ended by the key before what it waits for.
    ...(typeof command === 'string' && { wrap: () => ['sh', '-c', `trap : INT\n${command}`] }),
    async stop(program, { grace, kill, note }) {
      if (!program.hasTerminal) {
        note('there is no `script` here: SIGINT was sent to the process group, without a terminal')
      }
      program.pressCtrlC()
      if (!(await program.endsWithin(grace))) await kill()
    },
  })
}
