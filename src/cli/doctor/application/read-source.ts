import { type Node, parseExpressionAt } from 'acorn'
import { parseDuration } from '../../../base/duration.ts'
import { readValue, type Tree } from '../parse/javascript.ts'
import type { SourceFile } from '../parse/source.ts'

/** The options of one `createShutdown()`. A value that is no literal is `unknown`. */
export interface ShutdownCall {
  readonly file: string
  readonly line: number
  readonly grace: number | 'unknown' | undefined
  readonly signals: readonly string[] | 'unknown' | undefined
  readonly messages: readonly string[] | 'unknown' | undefined
  /** Whether a clean shutdown exits with 128 + the number of the signal. */
  readonly leavesWithSignal: boolean
  /** Whether it is not meant to `listen()`: with `exit: false`, or with no signals. */
  readonly hearsNothing: boolean
}

/** Limits that no application reaches. They bound the time for a file with unclosed brackets. */
const MAX_CALLS_PER_FILE = 20
const MAX_CALL_LENGTH = 20_000

/** Every `createShutdown()` in a source. Only the call is parsed, so the rest may be TypeScript. */
export function shutdownCalls(file: SourceFile): ShutdownCall[] {
  const code = withoutComments(file.text)
  const matches = [...code.matchAll(/(?<![.\w])createShutdown\s*\(/g)].slice(0, MAX_CALLS_PER_FILE)
  return matches.flatMap((match) => {
    if (/\bfunction\s+$/.test(code.slice(0, match.index))) return []
    return [readCall(file, code, match.index)]
  })
}

/** The longest time that the `lameDuck` option in a source allows, in milliseconds. */
export function lameDuckIn(file: SourceFile): number | undefined {
  const code = withoutComments(file.text)
  const match = /\blameDuck\s*:\s*/.exec(code)
  if (!match) return undefined
  const node = parseAt(code, match.index + match[0].length)
  const value = node && readValue(node, code)
  const isObject = typeof value === 'object' && value !== null
  const length = readDuration(isObject ? (value as { atMost?: unknown }).atMost : value)
  return typeof length === 'number' ? length : undefined
}

/** Whether a source sends `'ready'` to its parent, which PM2's `wait_ready` waits for. */
export function sendsReady(file: SourceFile): boolean {
  return /\.send\??\.?\s*\(\s*['"]ready['"]/.test(withoutComments(file.text))
}

function readCall(file: SourceFile, code: string, offset: number): ShutdownCall {
  const place = { file: file.path, line: file.lineOf(offset) }
  const call = innermostCall(parseAt(code, offset) as Tree | undefined)
  const argument = call?.arguments?.[0]
  const value = argument === undefined ? {} : readValue(argument, code)
  const isKnown = call !== undefined && typeof value === 'object' && value !== null
  const options = (isKnown ? value : {}) as Record<string, unknown>
  const unknown = isKnown ? undefined : 'unknown'
  return {
    ...place,
    grace: unknown ?? readDuration(options.grace),
    signals: unknown ?? readSignals(options.signals),
    messages: unknown ?? readTexts(options.messages),
    hearsNothing: options.exit === false || readSignals(options.signals)?.length === 0,
    leavesWithSignal: (options.exitCodes as { clean?: unknown } | undefined)?.clean === 'signal',
  }
}

/** The call to `createShutdown()` itself, in a chain such as `createShutdown().listen()`. */
function innermostCall(tree: Tree | undefined): Tree | undefined {
  let node = tree
  while (node?.callee?.object ?? node?.object) node = node?.callee?.object ?? node?.object
  return node?.type === 'CallExpression' ? node : undefined
}

function parseAt(code: string, offset: number): Node | undefined {
  try {
    const text = code.slice(offset, offset + MAX_CALL_LENGTH)
    return parseExpressionAt(text, 0, { ecmaVersion: 'latest', sourceType: 'module' })
  } catch {
    return undefined
  }
}

function readDuration(value: unknown): number | 'unknown' | undefined {
  if (value === undefined) return undefined
  try {
    return parseDuration(value, 'grace')
  } catch {
    return 'unknown'
  }
}

/** The list of signals, alone or in an object. */
function readSignals(value: unknown): readonly string[] | 'unknown' | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return readTexts(isObject ? (value as { on?: unknown }).on : value)
}

function readTexts(value: unknown): readonly string[] | 'unknown' | undefined {
  if (value === undefined) return undefined
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : 'unknown'
}

/** The text with blanks in place of its comments, so that offsets stay the same. */
export function withoutComments(text: string): string {
  const parts =
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return text.replace(parts, (part) => (part.startsWith('/') ? part.replace(/[^\n]/g, ' ') : part))
}
