import {
  COMMANDS,
  COMMON_OPTIONS,
  type Command,
  type CommandName,
  type OptionsOf,
} from './commands.ts'
import { type Failure, usageError } from './failure.ts'
import { problemsOf } from './problems.ts'
import { isOption, type Token, tokenize } from './tokens.ts'

/** A command with what was given to it. */
export interface Invocation<Name extends CommandName = CommandName> {
  readonly command: Name
  readonly argument: string | undefined
  /** The words after `--`, for a command that runs a program. */
  readonly program: readonly string[]
  readonly options: OptionsOf<Name>
}

/** What a command line asks for. */
export type Request =
  | { readonly kind: 'help'; readonly command: CommandName | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'command'; readonly invocation: Invocation }

/**
 * Reads the words after the name of the program. Options may stand before the command or after it.
 *
 * @throws Failure for an unknown command or option, a wrong number of values, or a surplus argument
 */
export function readCommandLine(args: readonly string[]): Request {
  // The parser must not see --. After an option without its value it would take -- for the value.
  const end = args.includes('--') ? args.indexOf('--') : args.length
  const words = args.slice(0, end)
  const name = commandIn(words)
  const { tokens, values, positionals } = tokenize(words, name ? COMMANDS[name].options : {})
  // --help works even if the rest of the line is wrong.
  if (asksFor('help', tokens)) return { kind: 'help', command: name }
  if (asksFor('version', tokens)) return { kind: 'version' }
  if (!name) {
    const [first] = tokens
    if (!first) return { kind: 'nothing' }
    throw missingCommand(first)
  }
  const command: Command = COMMANDS[name]
  const rest = args.slice(end + 1)
  const given = [...positionals.slice(1), ...(command.takesProgram ? [] : rest)]
  const [problem] = problemsOf(tokens, given, command)
  if (problem !== undefined) throw usageError(problem)
  const invocation: Invocation = {
    command: name,
    argument: given[0],
    program: command.takesProgram ? rest : [],
    // The type comes from the same table that the parser has read the values by.
    options: values as unknown as OptionsOf<CommandName>,
  }
  return { kind: 'command', invocation }
}

/**
 * The command that the first positional names. Which word is the first positional depends on the
 * options of the command, so each command is tried with its own.
 */
function commandIn(words: readonly string[]): CommandName | undefined {
  const names = Object.keys(COMMANDS) as CommandName[]
  return names.find((name) => tokenize(words, COMMANDS[name].options).positionals[0] === name)
}

/** Finds `--help` also after an option without its value, where the parser takes it for the value. */
function asksFor(name: keyof typeof COMMON_OPTIONS, tokens: readonly Token[]): boolean {
  const spellings = [`--${name}`, `-${COMMON_OPTIONS[name].short}`]
  return tokens.some(
    (token) =>
      isOption(token) &&
      (token.name === name || (!token.inlineValue && spellings.includes(token.value ?? ''))),
  )
}

function missingCommand(first: Token): Failure {
  const problem = isOption(first)
    ? `there is no option ${first.rawName} without a command`
    : `there is no command '${first.kind === 'positional' ? first.value : '--'}'`
  return usageError(`${problem}; see lastcall --help`)
}
