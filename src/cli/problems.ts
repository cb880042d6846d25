import { COMMON_OPTIONS, type Command, type Options } from './commands.ts'
import { isOption, type OptionToken, type Token } from './tokens.ts'

/**
 * What is wrong with the options and arguments of a command. Unknown options come first: what follows
 * one may be its value, and would be reported as a surplus argument.
 */
export function* problemsOf(
  tokens: readonly Token[],
  given: readonly string[],
  command: Command,
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

function hintFor({ takesProgram }: Command): string {
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
