import {
  COMMANDS,
  COMMON_OPTIONS,
  type CommandName,
  type CommandSpec,
  type HelpRow,
  type Options,
} from './commands.ts'
import { terminal } from './terminal.ts'

/** The version of the package. The build puts it in. */
declare const VERSION: string

/** The help of a command, or of the whole command line. */
export function helpText(name: CommandName | undefined): string {
  const sections = name ? sectionsOf(name, COMMANDS[name]) : generalSections()
  return [`lastcall/${VERSION}`, ...sections].join('\n\n')
}

/** The version, with the system and the runtime for bug reports. */
export function versionText(): string {
  return `lastcall/${VERSION} ${terminal.runtime}`
}

function sectionsOf(name: CommandName, command: CommandSpec): readonly string[] {
  const { description, details, options, examples, exitCodes } = command
  const { help } = COMMON_OPTIONS
  const { usage = [titleOf(`${name} [options]`, command)] } = command
  return [
    [`${description}.`, ...details].join('\n'),
    section('Usage', usage.map(invocation)),
    section('Options', optionLines({ ...options, help })),
    section(
      'Examples',
      examples.flatMap(([words, what]) => [what, `  ${invocation(words)}`]),
    ),
    section('Exit codes', columns(exitCodes)),
  ]
}

function generalSections(): readonly string[] {
  const commands = Object.entries<CommandSpec>(COMMANDS)
  return [
    'Graceful shutdown for Node.js, on the command line.',
    section('Usage', [invocation('<command> [options]')]),
    section(
      'Commands',
      columns(commands.map(([name, command]) => [titleOf(name, command), command.description])),
    ),
    section('Options', optionLines(COMMON_OPTIONS)),
    section(
      'Examples',
      commands.map(([, { examples }]) => invocation(examples[0]?.[0] ?? '')),
    ),
    section(
      'Options, examples and exit codes of a command',
      commands.map(([name]) => invocation(`${name} --help`)),
    ),
  ]
}

function titleOf(name: string, { argument }: CommandSpec): string {
  return argument === undefined ? name : `${name} ${argument}`
}

function optionLines(options: Options): readonly string[] {
  const rows = Object.entries(options).map(([name, option]) => {
    const { short, value, description, default: fixed, defaultText = fixed } = option
    const names = short === undefined ? `--${name}` : `-${short}, --${name}`
    const end = defaultText === undefined ? '' : ` (default: ${defaultText})`
    return [value === undefined ? names : `${names} ${value}`, `${description}${end}`] as const
  })
  return columns(rows)
}

function columns(rows: readonly HelpRow[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`)
}

function invocation(words: string): string {
  return `$ lastcall ${words}`
}

function section(title: string, lines: readonly string[]): string {
  return `${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
