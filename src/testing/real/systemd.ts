import { randomUUID } from 'node:crypto'
import { PLATFORMS } from '../../platform/platforms.ts'
import type { Command } from './command.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import { stopProgram } from './stop-program.ts'

/**
 * Starts a program and stops it as `systemctl stop` does a service, with `KillMode=control-group`, its
 * default: SIGTERM, and SIGCONT, to the program and to all that it has started; 90 s; SIGKILL to
 * all that is left. When the program itself has ended the others are told once more and are
 * granted the same time again: systemd waits for all of them, and so does this. `leftBehind` is never true.
 *
 * `code`, `signal` and `elapsed` are those of the program itself; `killed` is true also where another
 * one had to be killed, and `notes` say which.
 *
 * The rules: https://www.freedesktop.org/software/systemd/man/latest/systemd.kill.html, `TimeoutStopSec=`
 * in systemd.service(5), and `service_sigchld_event()` in `src/core/service.c` of
 * https://github.com/systemd/systemd, for the second signal
 *
 * @example
 * const stopped = await stopLikeSystemd(['node', 'server.js'], { ready: /listening/ })
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`; `LASTCALL_NOT_READY` where it can't be started, has
 * ended by itself, is not ready in time, or is given up by its `signal`
 */
export async function stopLikeSystemd(command: Command, options: StopOptions): Promise<Stopped> {
  return stopProgram(command, parseOptions(options, PLATFORMS.systemd.grace), {
    env: { INVOCATION_ID: randomUUID().replaceAll('-', '') },
    // It has to know its own number, as of the process that systemd has started: the shell becomes it.
    wrap: (words) => ['sh', '-c', 'export SYSTEMD_EXEC_PID=$$; exec "$@"', 'sh', ...words],
    async stop(program, { grace, kill, note }) {
      const { family } = program
      const tell = () => {
        family.signal('SIGTERM')
        family.signal('SIGCONT')
      }
      tell()
      if (!(await program.endsWithin(grace))) return kill()
      if (!family.isAlive()) return
      tell()
      if (await program.isAloneWithin(grace)) return
      note(`killed: ${family.names()}`)
      await kill()
    },
  })
}
