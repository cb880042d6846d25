import { quote } from 'shell-quote'
import { isShell, type Obstacle } from './command.ts'
import { baseOf } from './shell.ts'

/** What starts and stops the application. */
export type Starter = 'container' | 'systemd' | 'pm2' | 'npm'

/** What happens at the stop because of the obstacle. */
export function effectOf({ rule, program, init }: Obstacle, starter: Starter): string {
  if (rule === 'daemon-in-front') {
    return `${program} starts the application in the background and returns: the container ends at once, or the stop signal goes to the process that keeps it alive and never to the application.`
  }
  if (rule === 'several-programs') {
    return `${program} starts several programs and manages none of them: at most one of them receives the stop signal, and when the first one ends, the others are left running or are killed.`
  }
  if (rule === 'watcher-in-front') {
    return `${program} restarts the application when a file changes. It sends the stop signal a second time, or a different signal, ends the application when it chooses to, and keeps running after the application has crashed.`
  }
  return effectInFront(rule === 'npm-in-front', program, init, starter)
}

function effectInFront(
  isNpm: boolean,
  program: string,
  init: string | undefined,
  starter: Starter,
): string {
  const front = isNpm ? `${program}, with a shell under it,` : program
  if (starter === 'systemd') {
    return `${front} is the main process. It ends at the signal while the application is still working: with KillMode=mixed or on the older cgroups systemd then kills the application, with KillMode=process the application never gets the signal, and the exit status is not the application's.`
  }
  if (starter === 'pm2') {
    return `PM2 watches ${front.replace(/,$/, '')}. When it ends, PM2 takes the application for stopped: the application keeps running beside its successor (EADDRINUSE), or is killed, and PM2's messages never reach it.`
  }
  if (starter === 'npm') {
    return `${front} is between the application and what starts this script, and passes no signal on: SIGTERM ends the shell, and the application is left running or is killed with it.`
  }
  if (init !== undefined) {
    const end = isNpm ? `${program} does not pass it on and exits` : `${program} dies at once`
    return `${init} passes the stop signal to ${program} only. ${end}, and the application is killed with the container: no hook runs.`
  }
  return isNpm
    ? `${program} is PID 1, with a shell under it. The application gets no signal; ${program} exits half a second later, and the application is killed with the container: no hook runs.`
    : `${program} is PID 1 and does not pass the stop signal on. The application never gets it, and is killed when the grace is over: no hook runs, exit code 137.`
}

/** What to do about the obstacle, in a sentence. */
export function fixOf(
  { rule, program, script, unknownScript }: Obstacle,
  better: readonly string[],
): string {
  const useExec = 'exec, so that the command replaces the shell'
  if (unknownScript !== undefined) {
    const name = unknownScript === '' ? 'its script' : `the script '${unknownScript}'`
    return `Start the command of ${name} directly; no package.json here has that script.`
  }
  if (script) return `Add ${useExec}.`
  if (rule === 'several-programs') {
    return 'Run them as a group with lastcall: it passes the signal on, stops them in order, and exits with one code for all.'
  }
  const keepsShell = isShell(baseOf(better[0] ?? ''))
  if (!keepsShell) return `Start ${quote([...better]).replaceAll('\\=', '=')} directly.`
  return rule === 'npm-in-front'
    ? `Start what ${program} starts directly, with ${useExec}.`
    : `Add ${useExec}.`
}
