import { invalidOption, show } from '../../base/errors.ts'
import { shorten } from '../../text/width.ts'

/**
 * A command as in a Dockerfile's CMD: an array is the exec form, a program and its arguments; a string is
 * the shell form, which `sh -c` runs.
 */
export type Command = string | readonly [string, ...string[]]

export type Words = readonly [string, ...string[]]

/** @throws LastcallError `LASTCALL_INVALID_OPTION` */
export function parseCommand(command: unknown, option = 'command'): Words {
  if (typeof command === 'string' && isText(command)) return ['sh', '-c', command]
  if (Array.isArray(command) && isText(command[0]) && command.every(isArgument)) {
    return [...command] as [string, ...string[]]
  }
  const wrong = Array.isArray(command) ? command.find((one) => !isArgument(one)) : undefined
  const fix = wrong === undefined ? undefined : `It has ${show(wrong)} in it.`
  const rule = "a command line such as 'node server.js', or an array such as ['node', 'server.js']"
  throw invalidOption(option, rule, command, fix)
}

const isText = (value: unknown) => isArgument(value) && value.trim() !== ''

/** A string without NUL, which no system allows in an argument. */
const isArgument = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0')

/** A command as a person would type it, short enough for one line. */
export function showCommand(words: Words): string {
  const [file, flag, script] = words
  const isShellForm = file === 'sh' && flag === '-c' && words.length === 3
  return oneLine(isShellForm ? String(script) : words.map(quote).join(' '))
}

/** On one line of at most 80 columns. */
export function oneLine(text: string): string {
  return shorten(text.trim().replaceAll(/\s+/g, ' '), 80)
}

function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word}'`
}
