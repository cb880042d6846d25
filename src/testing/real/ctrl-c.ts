import { PLATFORMS } from '../../platform/platforms.ts'
import type { Command } from './command.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import { reactionTo } from './signal-handlers.ts'
import { stopProgram } from './stop-program.ts'

/**
 * Starts a program in the foreground of a terminal and stops it as a Ctrl-C does: SIGINT to the program
 * and to its whole process group, such as npm, a shell and Node for `npm start`. A terminal never kills:
 * `grace`, by default 10 s, is the time from Ctrl-C to SIGKILL.
 *
 * Where there is `script` (on Linux, with util-linux or busybox), the terminal is real and the key is
 * pressed. The terminal is the program's stdin; stdout and stderr are pipes, to keep them apart. Elsewhere
 * SIGINT is sent to the group, stdin is empty, and `notes` say so: a program that checks for a
 * terminal then takes SIGINT for a platform's signal.
 *
 * A string is run by a shell that waits for the program, as an interactive shell does.
 *
 * The rule: `ISIG` and `VINTR` in https://man7.org/linux/man-pages/man3/termios.3.html
 *
 * @example
 * const stopped = await stopLikeCtrlC(['npm', 'start'], { ready: /listening/ })
 * expect(stopped).toMatchObject({ killed: false, leftBehind: false })
 *
 * @throws LastcallError as `stopLikeDocker()`
 */
export async function stopLikeCtrlC(command: Command, options: StopOptions): Promise<Stopped> {
  return stopProgram(command, parseOptions(options, PLATFORMS.unknown.grace), {
    env: {},
    by: 'terminal',
    // Without the trap, Ctrl-C would end the shell before the program that it waits for.
    ...(typeof command === 'string' && { wrap: () => ['sh', '-c', `trap : INT\n${command}`] }),
    async stop(program, { grace, kill, note, exitIsItsOwn }) {
      if (reactionTo('SIGINT', program.pid) === 'is ended') exitIsItsOwn()
      if (!program.handle.hasTerminal) {
        note('there is no `script` here: SIGINT was sent to the process group, without a terminal')
      }
      program.handle.pressCtrlC()
      if (!(await program.endsWithin(grace))) await kill()
    },
  })
}
