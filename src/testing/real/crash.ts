import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLATFORMS } from '../../platform/platforms.ts'
import { systemProcess } from '../../runtime/process.ts'
import type { Command } from './command.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import { reactionTo } from './signal-handlers.ts'
import { Problem, stopProgram } from './stop-program.ts'

/** Makes the program crash. Without a listener it does nothing, and applications hardly ever have one. */
const SIGNAL = 'SIGURG'

const GRACE = PLATFORMS.docker.grace

/**
 * Starts a Node program, and makes it crash by an exception that no code catches. In a program with lastcall
 * the hooks run, and the exit code is 1.
 *
 * The process that is started must be Node: write the command as an array, or with `exec`. A module that
 * `NODE_OPTIONS` preloads listens for SIGURG and throws an `Error`. It restores `NODE_OPTIONS` at once, so
 * programs that this one starts do not have it. Other options of yours in `NODE_OPTIONS` stay.
 *
 * A program that goes on after the exception is killed at the end of the grace, by default 10 s. `notes` say so.
 *
 * @example
 * const stopped = await crashLikeUncaughtException(['node', 'server.js'], { ready: /listening/ })
 * expect(stopped).toMatchObject({ code: 1, killed: false, leftBehind: false })
 *
 * @throws LastcallError as `stopLikeDocker()`; `LASTCALL_NOT_READY` also where no Node program was started
 */
export function crashLikeUncaughtException(
  command: Command,
  options: StopOptions,
): Promise<Stopped> {
  return crashByFault(command, options, 'an uncaught exception', 'throw error')
}

/**
 * The same as `crashLikeUncaughtException()`, with a promise that is rejected and that no code handles.
 *
 * @example
 * const stopped = await crashLikeUnhandledRejection(['node', 'server.js'], { ready: /listening/ })
 * expect(stopped.stdout).toContain('pool closed')
 *
 * @throws LastcallError as `crashLikeUncaughtException()`
 */
export function crashLikeUnhandledRejection(
  command: Command,
  options: StopOptions,
): Promise<Stopped> {
  return crashByFault(command, options, 'an unhandled rejection', 'Promise.reject(error)')
}

/**
 * Starts a program, and ends it as the kernel does when there is no memory left: SIGKILL to the process that
 * was started, and to no other one. No hook runs. The result shows what that leaves: `code` is null, `signal`
 * is `'SIGKILL'`, `killed` is false, and `leftBehind` says whether processes that it had started outlived it.
 *
 * The rules: https://docs.kernel.org/admin-guide/cgroup-v2.html, `memory.oom.group`. Where that is set, as by
 * Kubernetes since 1.28, the kernel kills all processes of the container.
 *
 * @example
 * const stopped = await crashLikeOutOfMemory(['node', 'server.js'], { ready: /listening/ })
 * expect(stopped.leftBehind).toBe(false)
 *
 * @throws LastcallError as `stopLikeDocker()`
 */
export async function crashLikeOutOfMemory(
  command: Command,
  options: StopOptions,
): Promise<Stopped> {
  return stopProgram(command, parseOptions(options, GRACE), {
    env: {},
    async stop(program, { grace, kill }) {
      program.signal('SIGKILL')
      if (!(await program.endsWithin(grace))) await kill()
    },
  })
}

async function crashByFault(
  command: Command,
  options: StopOptions,
  fault: string,
  doIt: string,
): Promise<Stopped> {
  const settings = parseOptions(options, GRACE)
  const given = 'NODE_OPTIONS' in settings.env ? settings.env : systemProcess.env
  const nodeOptions = given.NODE_OPTIONS
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-'))
  const preloaded = join(folder, 'crash.cjs')
  try {
    writeFileSync(preloaded, codeOf(fault, doIt, nodeOptions))
    const quoted = `"${preloaded.replaceAll(/["\\]/g, '\\$&')}"`
    const env = { ...settings.env, NODE_OPTIONS: `${nodeOptions ?? ''} --require ${quoted}`.trim() }
    return await stopProgram(
      command,
      { ...settings, env },
      {
        env: {},
        async stop(program, { grace, kill, note }) {
          const reaction = reactionTo(SIGNAL, program.pid)
          if (reaction !== undefined && reaction !== 'handles') {
            throw new Problem(
              'LASTCALL_NOT_READY',
              'cannot be made to crash: the process that was started is not Node; start Node itself, with the command as an array, or with `exec`',
            )
          }
          program.signal(SIGNAL)
          if (await program.endsWithin(grace)) return
          note(`it has not ended after ${fault}: it goes on, or a hook hangs`)
          await kill()
        },
      },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs in the program before its own code. */
function codeOf(fault: string, doIt: string, nodeOptions: string | undefined): string {
  const asBefore =
    nodeOptions === undefined
      ? 'delete process.env.NODE_OPTIONS'
      : `process.env.NODE_OPTIONS = ${JSON.stringify(nodeOptions)}`
  return `
if (require('node:worker_threads').isMainThread) {
  process.on('${SIGNAL}', () => setImmediate(() => {
    const error = new Error('${fault}, from the test')
    ${doIt}
  }))
  ${asBefore}
}
`
}
