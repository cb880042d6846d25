import { parseArgs } from 'node:util'
import {
  COMMANDS,
  COMMON_OPTIONS,
  type CommandName,
  type CommandSpec,
  type Options,
  type OptionsOf,
} from './commands.ts'
import { type Failure, usageError } from './failure.ts'

/** A command with its arguments and options. */
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
 * Parses the words after `lastcall`. Options may stand before the command or after it.
 *
 * @throws Failure for an unknown command or option, a wrong number of values, or a surplus argument
 */
export function readCommandLine(args: readonly string[]): Request {
  // The parser must not see --: it would take -- for the value of an option that lacks one.
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
  const command: CommandSpec = COMMANDS[name]
  const rest = args.slice(end + 1)
  const given = [...positionals.slice(1), ...(command.takesProgram ? [] : rest)]
  const [problem] = problemsOf(tokens, given, command)
  if (problem !== undefined) throw usageError(problem)
  const invocation: Invocation = {
    command: name,
    argument: given[0],
    program: command.takesProgram ? rest : [],
    // The type and the parser use the same table.
    options: values as unknown as OptionsOf<CommandName>,
  }
  return { kind: 'command', invocation }
}

/**
 * The command that the first positional names. Each command is tried with its own options, because
 * they decide which word is the first positional.
 */
function commandIn(words: readonly string[]): CommandName | undefined {
  const names = Object.keys(COMMANDS) as CommandName[]
  return names.find((name) => tokenize(words, COMMANDS[name].options).positionals[0] === name)
}

/** Also finds `--help` after an option that lacks its value: the parser takes it for the value. */
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

type Token = ReturnType<typeof tokenize>['tokens'][number]
type OptionToken = Extract<Token, { kind: 'option' }>

/**
 * Splits words into options and positionals. Nothing is refused here: the error messages of
 * `parseArgs` are about its API, and differ between Node, Bun and Deno.
 */
function tokenize(words: readonly string[], options: Options) {
  return parseArgs({
    args: words,
    options: { ...options, ...COMMON_OPTIONS },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
}

function isOption(token: Token): token is OptionToken {
  return token.kind === 'option'
}

/**
 * The problems of a command's options and arguments. Unknown options come first: the word after an
 * unknown option may be its value, and would be reported as a surplus argument.
 */
function* problemsOf(
  tokens: readonly Token[],
  given: readonly string[],
  command: CommandSpec,
): Generator<string> {
  const known: Options = { ...command.options, ...COMMON_OPTIONS }
  const options = tokens.filter(isOption)
  for (const { name, rawName } of options) {
    if (!Object.hasOwn(known, name)) yield `Unknown option \`${rawName}\`; ${hintFor(command)}`
  }
  for (const option of options) yield* problemsOfValue(option, known)
  yield* repetitions(options, known)
  for (const surplus of given.slice(command.argument === undefined ? 0 : 1)) {
    yield `Unexpected argument \`${surplus}\`; ${hintFor(command)}`
  }
}

function hintFor({ takesProgram }: CommandSpec): string {
  return takesProgram
    ? 'write the program to run after --, as in lastcall run -- node worker.js; see lastcall run --help'
    : 'see lastcall --help'
}

function* problemsOfValue({ name, value, inlineValue }: OptionToken, known: Options) {
  if (known[name]?.type === 'boolean') {
    if (value !== undefined) yield `--${name} takes no value`
  } else if (value === undefined || value === '') {
    yield `--${name} needs a value`
  } else if (!inlineValue && /^-./.test(value)) {
    // Most likely the value was forgotten, and this is the next option.
    yield `--${name} needs a value; if it starts with -, write --${name}=<value>`
  }
}

/** A flag may be repeated: twice means the same as once. An option with a value may not, unless it is `multiple`. */
function* repetitions(options: readonly OptionToken[], known: Options) {
  const names = options.map(({ name }) => name)
  for (const [place, name] of names.entries()) {
    const mayRepeat = known[name]?.type === 'boolean' || known[name]?.multiple
    if (!mayRepeat && names.indexOf(name) < place) yield `--${name} is given more than once`
  }
}
