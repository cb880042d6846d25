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

export interface CommandSpec {
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

const text = (value: string, description: string) =>
  ({ type: 'string', value, description }) as const

const flag = (description: string) => ({ type: 'boolean', description }) as const

/** The file for the output of a detached process when `--output` is not given. */
export const DEFAULT_OUTPUT = 'lastcall.log'

/** The commands. The parser and the help both read this table. */
export const COMMANDS = {
  run: {
    description: 'Run a program, or a group of them, and end it well',
    takesProgram: true,
    usage: ['run [options] -- <command> [arguments]', 'run [options] --config <file>'],
    options: {
      config: text('<file>', 'Run the group of programs in this JSON file'),
      grace: text('<time>', 'The time from the stop signal to SIGKILL, such as 10s'),
      signal: {
        ...text('<from=to>', 'Pass a signal on as another, such as TERM=QUIT; may be repeated'),
        multiple: true,
      },
      group: flag('Signal the whole process group of the program'),
      pidfile: text('<file>', 'Write the pid here; refuse to start while its process runs'),
      detach: flag('Run in the background, in its own session'),
      // No `default`: the parser would fill it in, and `run` could not refuse --output without --detach.
      output: {
        ...text('<file>', 'Where the output goes with --detach'),
        defaultText: DEFAULT_OUTPUT,
      },
      verbose: flag('Print every change of state of a group'),
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
        ...text('<time>', 'How long it may take before SIGKILL'),
        default: `${PLATFORMS.docker.grace / 1000}s`,
      },
      signal: { ...text('<name>', 'The stop signal'), default: 'TERM' },
    },
    examples: ['stop app.pid --grace 30s', 'stop 4711 --signal QUIT'],
  },
  timeline: {
    description: 'Draw the report of a shutdown: a file with its JSON, or - for stdin',
    argument: '[report | -]',
    options: {
      out: {
        ...text('<file>', 'Write a picture, .html or .svg, in one file'),
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
        ...text('<time>', 'The grace of the application'),
        defaultText: 'what its sources say',
      },
      strict: flag('Count warnings as errors'),
      json: flag('Print JSON'),
    },
    examples: ['doctor', 'doctor deploy --grace 25s --json'],
  },
} as const satisfies Readonly<Record<string, CommandSpec>>

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
