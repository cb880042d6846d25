import { type Node, parseExpressionAt } from 'acorn'
import { parseDuration } from '../../base/duration.ts'
import { readValue, type Tree } from './parse/javascript.ts'
import type { SourceFile } from './parse/source.ts'

/** Where something is said. */
export interface SourcedValue<T> {
  readonly value: T
  readonly file: string
  readonly line: number
}

/** What one `createShutdown()` says of itself; what is no literal is `unknown`. */
export interface ShutdownCall {
  readonly file: string
  readonly line: number
  readonly grace: number | 'unknown' | undefined
  readonly signals: readonly string[] | 'unknown' | undefined
  readonly messages: readonly string[] | 'unknown' | undefined
  /** Whether a clean end leaves with 128 + the signal's number. */
  readonly leavesWithSignal: boolean
}

/** No application has more of them in a file, or a longer one. */
const MOST = 20
const LONGEST = 20_000

/** Every `createShutdown()` in a source. Only the call is parsed, so that the rest may be TypeScript. */
export function shutdownCalls(file: SourceFile): ShutdownCall[] {
  const code = withoutComments(file.text)
  const matches = [...code.matchAll(/(?<![.\w])createShutdown\s*\(/g)].slice(0, MOST)
  return matches.flatMap((match) => {
    if (/\bfunction\s+$/.test(code.slice(0, match.index))) return []
    return [readCall(file, code, match.index)]
  })
}

/** Longest time that a lame duck of `httpServer()` is told to last, where a source says so. */
export function lameDuckIn(file: SourceFile): SourcedValue<number> | undefined {
  const code = withoutComments(file.text)
  const match = /\blameDuck\s*:\s*/.exec(code)
  if (!match) return undefined
  const value = valueAt(code, match.index + match[0].length)
  const most =
    typeof value === 'object' && value !== null ? (value as { atMost?: unknown }).atMost : value
  const length = duration(most)
  if (typeof length !== 'number') return undefined
  return { value: length, file: file.path, line: file.lineOf(match.index) }
}

/** Whether a source tells its parent that it is ready, as PM2's `wait_ready` asks for. */
export function saysReady(file: SourceFile): boolean {
  return /\.send\??\.?\s*\(\s*['"]ready['"]/.test(withoutComments(file.text))
}

function readCall(file: SourceFile, code: string, offset: number): ShutdownCall {
  const place = { file: file.path, line: file.lineOf(offset) }
  const call = innermost(parseAt(code, offset) as Tree | undefined)
  const given = call?.arguments?.[0]
  const options = given === undefined ? {} : readValue(given, code)
  const isKnown = call !== undefined && typeof options === 'object' && options !== null
  const all = (isKnown ? options : {}) as Record<string, unknown>
  const unknown = isKnown ? undefined : 'unknown'
  return {
    ...place,
    grace: unknown ?? duration(all.grace),
    signals: unknown ?? list(all.signals),
    messages: unknown ?? list(all.messages),
    leavesWithSignal: (all.exitCodes as { clean?: unknown } | undefined)?.clean === 'signal',
  }
}

/** The call itself, where something is called on what it returns: `createShutdown().listen()`. */
function innermost(tree: Tree | undefined): Tree | undefined {
  let node = tree
  while (node?.callee?.object ?? node?.object) node = node?.callee?.object ?? node?.object
  return node?.type === 'CallExpression' ? node : undefined
}

function parseAt(code: string, offset: number): Node | undefined {
  try {
    const text = code.slice(offset, offset + LONGEST)
    return parseExpressionAt(text, 0, { ecmaVersion: 'latest', sourceType: 'module' })
  } catch {
    return undefined
  }
}

function valueAt(code: string, offset: number): unknown {
  const node = parseAt(code, offset)
  return node && readValue(node, code)
}

function duration(value: unknown): number | 'unknown' | undefined {
  if (value === undefined) return undefined
  try {
    return parseDuration(value, 'grace')
  } catch {
    return 'unknown'
  }
}

function list(value: unknown): readonly string[] | 'unknown' | undefined {
  if (value === undefined) return undefined
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : 'unknown'
}

/** The same text with blanks for its comments, so that places stay. */
function withoutComments(text: string): string {
  const parts =
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return text.replace(parts, (part) => (part.startsWith('/') ? part.replace(/[^\n]/g, ' ') : part))
}
