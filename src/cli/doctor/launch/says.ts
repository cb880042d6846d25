import { quote } from 'shell-quote'
import { isShell, type Trouble } from './command.ts'
import { baseOf } from './shell.ts'

/** Who starts and stops it. */
export type Starter = 'container' | 'systemd' | 'pm2' | 'npm'

/** What happens at the stop where this stands in front of the application. */
export function saysOf({ rule, who, under }: Trouble, by: Starter): string {
  if (rule === 'daemon-in-front') {
    return `${who} starts the application in the background and returns: the container ends with it, or the stop signal goes to whatever keeps it alive and never to the application.`
  }
  if (rule === 'several-programs') {
    return `${who} starts several programs and answers for none of them: at the stop one of them at most hears the signal, and the end of the first leaves the others running, or has them killed.`
  }
  if (rule === 'watcher-in-front') {
    return `${who} is there to start the application again when a file changes. It repeats the stop signal, as another one too, ends the application at its own time, and lives on when the application has crashed.`
  }
  return `${inFront(rule, who, under, by)}`
}

function inFront(rule: string, who: string, under: string | undefined, by: Starter): string {
  const isNpm = rule === 'npm-in-front'
  const what = isNpm ? `${who}, with a shell under it,` : who
  if (by === 'systemd') {
    return isNpm || who !== ''
      ? `${what} is the main process. It ends at the signal while the application still works: with KillMode=mixed or on the older cgroups systemd then kills the application, with KillMode=process it never hears of the stop, and the exit status is not the application's.`
      : ''
  }
  if (by === 'pm2') {
    return `${what} is what PM2 watches. When it ends PM2 takes the application for stopped: it works on beside its successor (EADDRINUSE), or is killed, and PM2's messages never reach it.`
  }
  if (by === 'npm') {
    return `${what} stands between whoever runs the script and the application, and passes no signal on: SIGTERM ends the shell, and the application is left behind or killed with it.`
  }
  if (under !== undefined) {
    return `${under} passes the stop signal to ${who} alone. ${isNpm ? `${who} passes it to nobody and leaves` : `${who} dies at once`}, and the application is killed with the container: no hook runs.`
  }
  return isNpm
    ? `${who} is PID 1, with a shell under it. The application gets no signal; ${who} leaves half a second later, and the application is killed with the container: no hook runs.`
    : `${who} is PID 1 and passes the stop signal to nobody. The application never hears of it, and is killed when the grace is over: no hook runs, exit code 137.`
}

/** What to do about it, in a sentence. */
export function fixOf({ rule, who, at, unknown }: Trouble, better: readonly string[]): string {
  if (unknown !== undefined) {
    const script = unknown === '' ? 'its script' : `the script '${unknown}'`
    return `Start what ${script} starts; no package.json here says what that is.`
  }
  if (at) return 'Let exec give the shell its place.'
  if (rule === 'several-programs') {
    return 'Run them as a group: it passes the signal on, ends them in order, and one exit code answers for all.'
  }
  const keepsShell = isShell(baseOf(better[0] ?? ''))
  if (keepsShell && rule === 'npm-in-front') {
    return `Start what ${who} starts, and let exec give the shell its place.`
  }
  return keepsShell
    ? 'Let exec give the shell its place.'
    : `Start ${quote([...better]).replaceAll('\\=', '=')} itself.`
}

/** The file for `lastcall run --config`. */
export function groupFile(programs: readonly (readonly string[])[]): string {
  const names = programs.map((argv) => programName(argv))
  const entries = programs.map(([command = '', ...args], index) => ({
    name:
      names.indexOf(names[index] ?? '') === index ? names[index] : `${names[index]} ${index + 1}`,
    command,
    args,
  }))
  return `${JSON.stringify({ programs: entries }, null, 2)}\n`
}

function programName(argv: readonly string[]): string {
  const script = argv.slice(1).find((arg) => !arg.startsWith('-')) ?? argv[0] ?? 'program'
  return script.replace(/^.*\//, '').replace(/\.\w+$/, '') || 'program'
}
