import { parseArgs } from 'node:util'
import { COMMON_OPTIONS, type Options } from './commands.ts'

export type Token = ReturnType<typeof tokenize>['tokens'][number]
export type OptionToken = Extract<Token, { kind: 'option' }>

/**
 * Splits words into options and positionals. Nothing is refused here: the error messages of
 * `parseArgs` are about its API, and differ between Node, Bun and Deno.
 */
export function tokenize(words: readonly string[], options: Options) {
  return parseArgs({
    args: words,
    options: { ...options, ...COMMON_OPTIONS },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
}

export function isOption(token: Token): token is OptionToken {
  return token.kind === 'option'
}
