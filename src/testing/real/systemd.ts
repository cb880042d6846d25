import { randomUUID } from 'node:crypto'
import { PLATFORMS } from '../../platform/platforms.ts'
import type { Command } from './command.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import { reactionTo } from './signal-handlers.ts'
import { stopProgram } from './stop-program.ts'

/**
 * Starts a program and stops it as `systemctl stop` stops a service with `KillMode=control-group`, its
 * default: SIGTERM and SIGCONT to the program and to all that it has started; then, after 90 s, SIGKILL to
 * those that still run. When the program itself has ended, the other processes get both signals again and
 * the same time once more: systemd waits for all of them, and so does this. `leftBehind` is never true.
 *
 * `code`, `signal` and `elapsed` are those of the program itself. `killed` is true also where another
 * process had to be killed, and `notes` say which.
 *
 * The rules: https://www.freedesktop.org/software/systemd/man/latest/systemd.kill.html, `TimeoutStopSec=`
 * in systemd.service(5), and `service_sigchld_event()` in `src/core/service.c` of
 * https://github.com/systemd/systemd, for the second signal
 *
 * @example
 * const stopped = await stopLikeSystemd(['node', 'server.js'], { ready: /listening/ })
 *
 * @throws LastcallError as `stopLikeDocker()`
 */
export async function stopLikeSystemd(command: Command, options: StopOptions): Promise<Stopped> {
  return stopProgram(command, parseOptions(options, PLATFORMS.systemd.grace), {
    env: { INVOCATION_ID: randomUUID().replaceAll('-', '') },
    // systemd gives the program its pid in this variable. `exec` keeps the pid of the shell.
    wrap: (words) => ['sh', '-c', 'export SYSTEMD_EXEC_PID=$$; exec "$@"', 'sh', ...words],
    async stop(program, { grace, kill, note, exitIsItsOwn }) {
      if (reactionTo('SIGTERM', program.pid) === 'is ended') exitIsItsOwn()
      const { family } = program
      const signalAll = () => {
        family.signal('SIGTERM')
        family.signal('SIGCONT')
      }
      signalAll()
      if (!(await program.endsWithin(grace))) return kill()
      if (!family.isAlive()) return
      signalAll()
      if (await program.isAloneWithin(grace)) return
      note(`killed: ${family.names()}`)
      await kill()
    },
  })
}
