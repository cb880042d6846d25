import type { ParseArgsConfig } from 'node:util'
import { PLATFORMS } from '../platform/platforms.ts'

/** An option, for `util.parseArgs` and for the help. */
export type Option = NonNullable<ParseArgsConfig['options']>[string] & {
  readonly description: string
  /** The placeholder of its value in the help, for an option that takes one. */
  readonly value?: string
  /** The value when the option is not given. */
  readonly default?: string
  /** The default as the help describes it, if it is not fixed. */
  readonly defaultText?: string
}

export type Options = Readonly<Record<string, Option>>

/** A line of help: what to type or what comes back, and what it means. */
export type HelpRow = readonly [left: string, meaning: string]

export interface CommandSpec {
  /** What it does, in one line. */
  readonly description: string
  /** What else to know before it is used, line by line. */
  readonly details: readonly string[]
  /** The placeholder of its one argument. A command without it takes no argument. */
  readonly argument?: string
  /** Whether the words after `--` are a program to run. Otherwise they are arguments. */
  readonly takesProgram?: boolean
  /** The usage in the help. By default it is the name with its options and the argument. */
  readonly usage?: readonly string[]
  readonly options: Options
  /** What to type, each after what it does. */
  readonly examples: readonly HelpRow[]
  /** Each exit code, and when it is the one. */
  readonly exitCodes: readonly HelpRow[]
}

const text = (value: string, description: string) =>
  ({ type: 'string', value, description }) as const

const flag = (description: string) => ({ type: 'boolean', description }) as const

/** The file for the output of a detached process when `--output` is not given. */
export const DEFAULT_OUTPUT = 'lastcall.log'

/** The commands. The parser and the help both read this table. */
export const COMMANDS = {
  run: {
    description: 'Run a program, or several, and stop them in time',
    details: [
      'Starts the program, passes signals on to it, and exits with its exit code. After',
      'SIGTERM, SIGINT or SIGQUIT the program has the grace, less a short margin. Then',
      'it gets SIGKILL. Write the program after --.',
    ],
    takesProgram: true,
    usage: ['run [options] -- <command> [arguments]', 'run [options] --config <file>'],
    options: {
      config: text('<file>', 'Run the group of programs in this JSON file'),
      grace: {
        ...text('<time>', 'Time until SIGKILL, such as 30s'),
        defaultText: 'by platform',
      },
      signal: {
        ...text('<from=to>', 'Pass one signal on as another (TERM=QUIT); repeatable'),
        multiple: true,
      },
      group: flag('Signal the whole process group of the program'),
      pidfile: text('<file>', 'Write the pid to this file; refuse if it is in use'),
      detach: flag('Run in the background, and print the pid'),
      // No `default`: the parser would fill it in, and `run` could not refuse --output without --detach.
      output: {
        ...text('<file>', 'With --detach: append output here'),
        defaultText: DEFAULT_OUTPUT,
      },
      verbose: flag('With --config: log each change of state of a program'),
    },
    examples: [
      ['run -- node worker.js', 'Start a program, for example in a container:'],
      ['run --signal TERM=QUIT --grace 30s -- nginx -g "daemon off;"', 'Stop nginx gracefully:'],
      [
        'run --config lastcall.config.json --pidfile app.pid --detach',
        'Run a group in the background; later: lastcall stop app.pid',
      ],
    ],
    exitCodes: [
      ['any', 'The exit code of the program; 128 + n if signal n ended it'],
      ['124', 'With --config: a program did not end in time'],
      ['125', 'The command line is wrong, or the pid file is in use'],
      ['126', 'The program is not executable'],
      ['127', 'The program does not exist'],
      ['137', 'The program did not end in time and was killed'],
    ],
  },
  stop: {
    description: 'Stop a process as docker stop stops a container',
    details: [
      'Sends the stop signal. If the process is still running when the grace is over,',
      'kills it and all processes that it started. Prints how the process ended.',
    ],
    argument: '<pid | pidfile>',
    options: {
      grace: {
        ...text('<time>', 'Time from the stop signal to SIGKILL'),
        default: `${PLATFORMS.docker.grace / 1000}s`,
      },
      signal: { ...text('<name>', 'The stop signal'), default: 'TERM' },
    },
    examples: [
      ['stop app.pid --grace 30s', 'Stop the process that a pid file names, within 30 s:'],
      ['stop 4711 --signal QUIT', 'Stop process 4711 with SIGQUIT:'],
    ],
    exitCodes: [
      ['0', 'The process ended by itself'],
      ['3', 'There is no such process, or the pid file is stale'],
      ['4', 'The process or the pid file belongs to another user'],
      ['125', 'The command line is wrong'],
      ['137', 'The process did not end in time and was killed'],
    ],
  },
  timeline: {
    description: 'Draw the report of a shutdown',
    details: [
      'Reads a report as JSON from a file, or from stdin if you write -. From a log of',
      'JSON lines it takes the last report. Your program writes the file with:',
      "  shutdown.on('end', ({ report }) =>",
      "    fs.writeFileSync('report.json', JSON.stringify(report)))",
    ],
    argument: '<report | ->',
    options: {
      out: {
        ...text('<file>', 'Write a page (.html) or an image (.svg)'),
        defaultText: 'the terminal',
      },
    },
    examples: [
      ['timeline report.json', 'Draw a report in the terminal:'],
      ['timeline report.json --out shutdown.html', 'Write it as a page that opens in a browser:'],
      ['timeline - < app.log', 'Draw the last report of a log:'],
    ],
    exitCodes: [
      ['0', 'The report was drawn'],
      ['125', 'The command line is wrong, or there is no report to draw'],
    ],
  },
  doctor: {
    description: 'Find mistakes in deployment files',
    details: [
      'Reads Dockerfiles, Compose files, Kubernetes manifests, systemd units, ecosystem',
      'files of PM2 and package.json. Finds what keeps the stop signal from the program',
      'or leaves it too little time, and prints a fix as a diff. Changes nothing.',
    ],
    argument: '[directory]',
    options: {
      grace: {
        ...text('<time>', 'The grace of the application (25s)'),
        defaultText: 'from its sources',
      },
      strict: flag('Count warnings as errors'),
      json: flag('Print JSON'),
    },
    examples: [
      ['doctor', 'Check the current directory:'],
      ['doctor deploy --strict', 'Check another directory in CI, and fail for warnings, too:'],
      ['doctor --grace 25s --json', 'Give the grace, and print JSON:'],
    ],
    exitCodes: [
      ['0', 'No error was found'],
      ['1', 'An error was found; with --strict, also for a warning'],
      ['2', 'No error was found, but a file could not be read, or there was none'],
      ['125', 'The command line is wrong'],
    ],
  },
} as const satisfies Readonly<Record<string, CommandSpec>>

/** The options that every command has. They work without a command, too. */
export const COMMON_OPTIONS = {
  version: { type: 'boolean', short: 'v', description: 'Print the version' },
  help: { type: 'boolean', short: 'h', description: 'Print this help' },
} as const satisfies Options

export type CommandName = keyof typeof COMMANDS

/** The values of a command's options, as the parser returns them. */
export type OptionsOf<Name extends CommandName> = ValuesOf<(typeof COMMANDS)[Name]['options']>

type ValuesOf<Given extends Options> = {
  readonly [Key in keyof Given]: ValueOf<Given[Key]>
}

type ValueOf<Given extends Option> = Given extends { type: 'boolean' }
  ? boolean | undefined
  : Given extends { multiple: true }
    ? readonly string[] | undefined
    : Given extends { default: string }
      ? string
      : string | undefined
