import { invalidOption } from '../../base/errors.ts'
import { PLATFORMS } from '../../platform/platforms.ts'
import { descendantsOf } from '../../runtime/proc-stat.ts'
import type { Command } from './command.ts'
import { signalOne } from './family.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import { reactionTo } from './signal-handlers.ts'
import { stopProgram } from './stop-program.ts'

/** The options of `stopLikePm2()`. */
export interface Pm2Options extends StopOptions {
  /**
   * Whether the program gets the message `'shutdown'` in place of SIGINT, as with PM2's
   * `shutdown_with_message`. Default false.
   */
  readonly message?: boolean | undefined
}

/**
 * Starts a program and stops it as PM2 does: SIGINT to the program and to all that it has started
 * (`treekill`), or the message `'shutdown'` to the program alone; then, after 1.6 s, SIGKILL to all. PM2
 * waits for the program alone, and not for what it has started.
 *
 * The program has a channel for messages, like every program of PM2. `grace` is PM2's `kill_timeout`: if
 * given, the program finds it in the variable `kill_timeout`, as with PM2.
 *
 * The rules: https://pm2.keymetrics.io/docs/usage/signals-clean-restart/, and `lib/God/Methods.js` and
 * `lib/TreeKill.js` of https://github.com/Unitech/pm2
 *
 * @example
 * const stopped = await stopLikePm2(['node', 'server.js'], { ready: /listening/, grace: '3s' })
 *
 * @throws LastcallError as `stopLikeDocker()`
 */
export async function stopLikePm2(command: Command, options: Pm2Options): Promise<Stopped> {
  const settings = parseOptions(options, PLATFORMS.pm2.grace, ['message'])
  const { message = false, grace } = options
  if (typeof message !== 'boolean') throw invalidOption('message', 'true or false', message)
  const killTimeout = grace === undefined ? undefined : String(Math.ceil(settings.grace))
  return stopProgram(command, settings, {
    env: { pm_id: '0', NODE_APP_INSTANCE: '0', kill_timeout: killTimeout },
    by: 'channel',
    async stop(program, { grace, kill, exitIsItsOwn }) {
      if (message) program.handle.send('shutdown')
      else {
        if (reactionTo('SIGINT', program.pid) === 'is ended') exitIsItsOwn()
        // Its children first: it may wait for them.
        for (const pid of descendantsOf(program.pid).keys()) signalOne(pid, 'SIGINT')
        program.signal('SIGINT')
      }
      if (!(await program.endsWithin(grace))) await kill()
    },
  })
}
