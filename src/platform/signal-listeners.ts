/** A listener that lastcall has not added. */
export interface OtherListener {
  /** The function's name, or the package that it is recognised as; empty if it has no name. */
  readonly name: string
  /**
   * Whether its source ends the process, for example with `process.exit()`. A callback of `server.close()`
   * does not count: lastcall calls it when the hooks have ended.
   */
  readonly exits: boolean
}

/** A listener, and what its source shows. */
export interface ListenerSource extends OtherListener {
  /** The beginning of its source, for a listener without a name. */
  readonly beginning: string
  /**
   * Whether it needs no time when the hooks have ended: it calls nothing but `server.close()` and the
   * console, or it is that of signal-exit, which does nothing beside other listeners.
   */
  readonly needsNoTime: boolean
}

/** Packages whose listener has a name that does not say whose it is, or none. */
const PACKAGES: readonly (readonly [name: string, source: RegExp])[] = [
  ['signal-exit', /emitter.{0,3}\.count|__signal_exit_emitter__/],
  ['NestJS', /\bcallBeforeShutdownHook\b/],
  ['OpenTelemetry', /\bOpenTelemetry SDK\b/],
  ['Next.js', /\bstart-server \w+ cleanup\b/],
]

const ENDS_PROCESS = /\bprocess\s*\.\s*(exit|reallyExit|kill|abort)\s*\(|(?<![.\w])exit\s*\(/

/** A call, `new`, `await` or a template: what may take time. Not the brackets of `if` and the like. */
const DOES_MORE =
  /(?<![\w$])(?!(?:if|for|while|switch|catch|return|void|typeof)\b)[\w$]+\s*(?:\?\.\s*)?\(|[\])]\s*(?:\?\.\s*)?\(|`|\b(?:new|await)\b/

/** Of a longer source, only this many characters are read: it is read while a shutdown begins. */
const LONGEST_SOURCE = 20_000

/** Reads the source of a listener. Never throws. */
export function describeListener(listener: unknown): ListenerSource {
  const whole = sourceOf(listener)
  const source = whole.slice(0, LONGEST_SOURCE)
  const known = PACKAGES.find(([, pattern]) => pattern.test(source))?.[0]
  // signal-exit sends the signal again only where it is the only listener. Beside lastcall it never is.
  const isSignalExit = known === 'signal-exit'
  const rest = withoutCalls(source, /(?<![\w$])[\w$]*server\s*\??\.\s*close\s*\(/gi)
  const body = bodyOf(withoutCalls(rest, /\bconsole\s*\.\s*\w+\s*\(/g))
  return {
    name: known ?? nameOf(listener),
    exits: !isSignalExit && ENDS_PROCESS.test(rest),
    beginning: source.replace(/\s+/g, ' ').slice(0, 60),
    needsNoTime: isSignalExit || (source === whole && body !== undefined && !DOES_MORE.test(body)),
  }
}

/** The name of a listener, for people. */
export function listenerLabel({ name, beginning }: ListenerSource): string {
  if (name === '') return `a listener without a name (${beginning})`
  return PACKAGES.some(([known]) => known === name) ? name : `'${name}'`
}

function nameOf(listener: unknown): string {
  try {
    const { name } = listener as { name?: unknown }
    return typeof name === 'string' ? name : ''
  } catch {
    return ''
  }
}

function sourceOf(listener: unknown): string {
  try {
    return Function.prototype.toString.call(listener)
  } catch {
    return ''
  }
}

/** The source without these calls and their arguments. A call whose end is not found stays. */
function withoutCalls(source: string, start: RegExp): string {
  let rest = source
  for (const match of [...source.matchAll(start)].reverse()) {
    const open = match.index + match[0].length
    const end = endOfCall(rest, open)
    if (end !== undefined) rest = rest.slice(0, match.index) + rest.slice(end)
  }
  return rest
}

/** Where the brackets close that were opened before `from`. Brackets in texts count: they come in pairs. */
function endOfCall(source: string, from: number): number | undefined {
  let depth = 1
  for (let index = from; index < source.length; index++) {
    if (source[index] === '(') depth++
    else if (source[index] === ')' && --depth === 0) return index + 1
  }
  return undefined
}

/** What follows the parameters of a function; `undefined` for one whose source does not show it. */
function bodyOf(source: string): string | undefined {
  if (source.includes('[native code]')) return undefined
  const arrow = /^(?:async\s*)?(?:\w+|\([^()]*\))\s*=>/.exec(source)
  const start = arrow ?? /^(?:async\s+)?(?:function\b\s*\*?\s*)?[\w$]*\s*\([^()]*\)/.exec(source)
  return start ? source.slice(start[0].length) : undefined
}
