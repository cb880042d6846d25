import type { ParseArgsConfig } from 'node:util'
import { PLATFORMS } from '../platform/platforms.ts'

/** An option: what `util.parseArgs` reads of it, and what the help says. */
export type Option = NonNullable<ParseArgsConfig['options']>[string] & {
  readonly description: string
  /** The placeholder of its value in the help, for an option that takes one. */
  readonly value?: string
  /** The value when the option is not given. */
  readonly default?: string
  /** What the help says about the default when the option has no fixed one. */
  readonly defaultText?: string
}

export type Options = Readonly<Record<string, Option>>

export interface Command {
  readonly description: string
  /** The placeholder of its one argument. A command without it takes no argument. */
  readonly argument?: string
  /** Whether the words after `--` are a program to run. Otherwise they are arguments. */
  readonly takesProgram?: boolean
  /** The usage in the help. By default it is the name with the argument. */
  readonly usage?: readonly string[]
  readonly options: Options
  readonly examples: readonly string[]
}

/** The file for the output of a detached process when `--output` is not given. */
export const DEFAULT_OUTPUT = 'lastcall.log'

/** The commands. The parser and the help both read this table. */
export const COMMANDS = {
  run: {
    description: 'Run a program, or a group of them, and end it well',
    takesProgram: true,
    usage: ['run [options] -- <command> [arguments]', 'run [options] --config <file>'],
    options: {
      config: {
        type: 'string',
        value: '<file>',
        description: 'Run the group of programs in this JSON file',
      },
      grace: {
        type: 'string',
        value: '<time>',
        description: 'The time from the stop signal to SIGKILL, such as 10s',
      },
      signal: {
        type: 'string',
        value: '<from=to>',
        multiple: true,
        description: 'Pass a signal on as another, such as TERM=QUIT; may be repeated',
      },
      group: { type: 'boolean', description: 'Signal the whole process group of the program' },
      pidfile: {
        type: 'string',
        value: '<file>',
        description: 'Write the pid here; refuse to start while its process runs',
      },
      detach: { type: 'boolean', description: 'Run in the background, in its own session' },
      // The parser does not fill in the default, so that `run` can refuse --output without --detach.
      output: {
        type: 'string',
        value: '<file>',
        description: 'Where the output goes with --detach',
        defaultText: DEFAULT_OUTPUT,
      },
      verbose: { type: 'boolean', description: 'Print every change of state of a group' },
    },
    examples: [
      'run -- node worker.js',
      'run --signal TERM=QUIT --grace 30s -- nginx -g "daemon off;"',
      'run --config lastcall.config.json --pidfile app.pid --detach',
    ],
  },
  stop: {
    description: 'Stop a process as docker stop stops a container',
    argument: '<pid | pidfile>',
    options: {
      grace: {
        type: 'string',
        value: '<time>',
        default: `${PLATFORMS.docker.grace / 1000}s`,
        description: 'How long it may take before SIGKILL',
      },
      signal: {
        type: 'string',
        value: '<name>',
        default: 'TERM',
        description: 'The stop signal',
      },
    },
    examples: ['stop app.pid --grace 30s', 'stop 4711 --signal QUIT'],
  },
  timeline: {
    description: 'Draw the report of a shutdown: a file with its JSON, or - for stdin',
    argument: '[report | -]',
    options: {
      out: {
        type: 'string',
        value: '<file>',
        description: 'Write a picture, .html or .svg, in one file',
        defaultText: 'the terminal',
      },
    },
    examples: ['timeline report.json', 'timeline report.json --out shutdown.html'],
  },
  doctor: {
    description: 'Find what in a deployment breaks its stop',
    argument: '[directory]',
    options: {
      grace: {
        type: 'string',
        value: '<time>',
        description: 'The grace of the application',
        defaultText: 'what its sources say',
      },
      strict: { type: 'boolean', description: 'Count warnings as errors' },
      json: { type: 'boolean', description: 'Print JSON' },
    },
    examples: ['doctor', 'doctor deploy --grace 25s --json'],
  },
} as const satisfies Readonly<Record<string, Command>>

/** The options that every command has. They work without a command, too. */
export const COMMON_OPTIONS = {
  version: { type: 'boolean', short: 'v', description: 'Display version number' },
  help: { type: 'boolean', short: 'h', description: 'Display this message' },
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
