/**
 * Programs that start an application, by their role. `diagnose()` finds them among the parent processes,
 * `lastcall doctor` in the commands of a deployment.
 */
const PROGRAMS = {
  /** busybox runs the shell; `busybox` alone is not a command. */
  shell: ['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'fish', 'busybox'],
  runtime: ['node', 'nodejs', 'bun', 'deno'],
  /** Starts the command that follows its options, and passes signals on to it. */
  init: ['tini', 'tini-static', 'dumb-init', 'catatonit', 'docker-init'],
  'system init': ['systemd', 'init', 'launchd'],
  /** Runs the scripts of package.json, with a shell. */
  'package manager': ['npm', 'pnpm', 'yarn', 'yarnpkg'],
  /** Runs a program of a package. */
  'package runner': ['npx', 'pnpx', 'bunx'],
  /** Starts the application again when a file changes. */
  watcher: ['nodemon', 'ts-node-dev', 'tsnd', 'node-dev', 'supervisor'],
  /** Starts the application again when it ends. */
  supervisor: [
    'PM2', // What its daemon writes over its command line.
    'pm2',
    'pm2-runtime',
    'pm2-docker',
    'pm2-dev',
    'forever',
    'supervisord',
    'runsv',
    's6-supervise',
  ],
} satisfies Record<string, readonly string[]>

export type ProgramKind = keyof typeof PROGRAMS

/** Whether a program, by its name without a path, is of one of these kinds. */
export function isProgram(name: string, ...kinds: readonly ProgramKind[]): boolean {
  return kinds.some((kind) => (PROGRAMS[kind] as readonly string[]).includes(name))
}

/** The runtime's own options, before its script. Later arguments are the application's. */
export function runtimeOptions(args: readonly string[]): readonly string[] {
  const script = args.findIndex(
    (arg, at) => !arg.startsWith('-') && !OPTIONS_WITH_VALUE.test(args[at - 1] ?? ''),
  )
  return args.slice(0, script < 0 ? args.length : script)
}

/** Node options whose value is the next argument. */
const OPTIONS_WITH_VALUE = /^(-r|-C|--require|--import|--loader|--conditions|--env-file)$/

/** Whether the arguments switch watching on, for a program that watches only on request. */
export function watchesByArguments(name: string, args: readonly string[]): boolean {
  const [first = ''] = args
  if (name === 'tsx') return first === 'watch' || first === '--watch'
  if (name === 'nest') return first === 'start' && args.some((arg) => /^(-w|--watch)$/.test(arg))
  return isProgram(name, 'runtime') && runtimeOptions(args).some((arg) => /^--watch/.test(arg))
}

/** Programs in front of a command: the command replaces them, or they pass signals on to it. */
export const WRAPPERS = {
  /** Sets variables: `env NAME=value command`. */
  environment: ['env', 'cross-env'],
  /** Starts a command as another user, or with another priority. */
  user: ['gosu', 'su-exec', 'setpriv', 'nice'],
  /** Reads variables from elsewhere: `dotenv -- command`. */
  variables: ['dotenv', 'dotenvx', 'env-cmd', 'doppler', 'infisical', 'op', 'chamber'],
} as const
