import { invalidOption, notOneOf, optionNames, refuseUnknownOptions } from '../base/errors.ts'
import { describeError, type ErrorInfo } from '../base/thrown.ts'
import { builtinModule } from '../runtime/builtin-modules.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ProcessPort } from '../runtime/process.ts'
import { escapeControls, escapeLine } from '../text/printable.ts'
import { logJson } from './log-json.ts'

/**
 * The option `log` of `createShutdown()` as an object. The option also takes `false`, `'text'`, `'json'`
 * and a logger.
 */
export interface LogOptions {
  /** Default: `text` if stderr is a terminal, else `json`: an object on each line. */
  readonly format?: 'text' | 'json' | undefined
  /** The lowest level that is written. Default `info`. With `warn`, a shutdown that goes well writes nothing. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | undefined
}

/**
 * A logger with the signatures of pino: each method takes the fields first and the message second.
 *
 * @example createShutdown({ log: pino() })
 */
export interface Logger {
  info(fields: object, message: string): unknown
  warn(fields: object, message: string): unknown
  error(fields: object, message: string): unknown
  /** Phases and hooks that begin, and notes. Without it, they are not logged. */
  // The types of methods, also here: a logger's parameters may be narrower than these.
  debug?: Logger['info'] | undefined
  /** Called when the process exits at once and hooks are lost. Default: `error` is called. */
  fatal?: Logger['info'] | undefined
  /**
   * Calls back, or returns a promise that resolves, when everything logged is written. The exit waits for
   * it as long as for stdout and stderr.
   */
  flush?: ((callback: (error?: Error) => void) => unknown) | undefined
}

/** From the lowest to the highest. `fatal`: the process exits at once, and something is lost. */
export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** One event, for people and for programs. */
export interface LogLine {
  readonly level: Level
  /** For programs. Named as in pino where pino has a name. */
  readonly fields: Readonly<Record<string, unknown>>
  /** For people. One line, or several for a problem. */
  readonly msg: string
  /** Whether the line is about the process, and not about one of its shutdowns. */
  readonly isShared?: boolean
}

/** Writes log lines. It never throws. */
export interface Log {
  /** The same for logs that write to the same place. */
  readonly sink: unknown
  /** The format on stderr. The watchdog writes there itself: its thread cannot call a logger. */
  readonly onStderr: 'text' | 'json' | 'silent'
  /** Whether lines of this level are written. If not, callers need not make them. */
  takes(level: Level): boolean
  write(line: LogLine): void
  /**
   * Resolves when all lines are written. Missing if lines go to stderr or nowhere, or the logger has no
   * `flush()`.
   */
  readonly flush?: () => Promise<void>
}

/** Opens the log that the option `log` asks for. */
export function openLog(option: unknown, ports: { host: ProcessPort; clock: Clock }): Log {
  if (option === false) {
    return { sink: undefined, onStderr: 'silent', takes: () => false, write: () => {} }
  }
  if (isGlobalConsole(option)) return stderrLog({ format: 'text' }, ports)
  if (isLogger(option)) {
    const logger = isOwnConsole(option) ? messagesOnly(option) : option
    return loggerLog(logger, stderrLog({}, ports))
  }
  return stderrLog(readOption(option), ports)
}

/** The same log, whose lines say which shutdown speaks, unless `label` returns `undefined`. */
export function speakingFor(log: Log, label: () => string | number | undefined): Log {
  const write = ({ fields: { event, ...fields }, ...line }: LogLine) => {
    const shutdown = line.isShared ? undefined : label()
    // A string in any case: a collector gives a field one type.
    const speaker = shutdown === undefined ? {} : { shutdown: String(shutdown) }
    log.write({ ...line, fields: { event, ...speaker, ...fields } })
  }
  return {
    sink: log.sink,
    get onStderr() {
      return log.onStderr
    },
    takes: log.takes,
    write,
    ...(log.flush ? { flush: log.flush } : {}),
  }
}

/** The name of the library, and that of the shutdown that speaks. */
function prefixOf({ fields: { shutdown } }: LogLine): string {
  return shutdown === undefined ? 'lastcall: ' : `lastcall[${escapeLine(String(shutdown))}]: `
}

/** An error in the shape that pino's serializer makes, and accepts. */
export function errorField({ name, message, code, stack, cause, errors }: ErrorInfo): object {
  const field = {
    type: name,
    message,
    ...(code === null ? {} : { code }),
    ...(stack === null ? {} : { stack }),
    ...(cause === null ? {} : { cause: errorField(cause) }),
    ...(errors.length === 0 ? {} : { aggregateErrors: errors.map(errorField) }),
  }
  // pino's serializer takes the type from the class of an error, or from its name if it has no class.
  return Object.defineProperty(Object.setPrototypeOf(field, null), 'name', { value: name })
}

const FORMATS = ['text', 'json'] as const
const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error', 'fatal']
const OPTIONS = optionNames<LogOptions>({ format: true, level: true })
const RULE =
  "false, 'text', 'json', an object { format, level }, or a logger such as pino's with info(), warn() and error()"

function readOption(option: unknown): LogOptions {
  if (option === undefined) return {}
  if (FORMATS.includes(option as 'text')) return { format: option as 'text' }
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    const isLevel = LEVELS.includes(option as Level)
    throw invalidOption('log', RULE, option, isLevel ? `Write { level: '${option}' }.` : undefined)
  }
  refuseUnknownOptions(option, OPTIONS, "{ level: 'warn' }", 'log')
  const { format, level = 'info' } = option as LogOptions
  if (format !== undefined && !FORMATS.includes(format)) {
    throw notOneOf('log.format', FORMATS, format)
  }
  const levels = LEVELS.slice(0, -1)
  if (!levels.includes(level)) {
    throw notOneOf('log.level', levels, level)
  }
  return { ...(format ? { format } : {}), level }
}

function isLogger(option: unknown): option is Logger {
  if (option === null || (typeof option !== 'object' && typeof option !== 'function')) return false
  const missing = ['info', 'warn', 'error'].filter(
    (method) => typeof (option as Record<string, unknown>)[method] !== 'function',
  )
  if (missing.length === 0) return true
  if (missing.length === 3) return false
  throw invalidOption('log', RULE, option, `This one has no ${missing.join('(), no ')}().`)
}

/**
 * The console would print the fields as a dump, and half of the lines to stdout. So it stands for text on
 * stderr. A wrapper of it has the same `info()`.
 */
function isGlobalConsole(option: unknown): boolean {
  return (option as Partial<Console> | null | undefined)?.info === console.info
}

/** Whether the application has made this console, with other streams. */
function isOwnConsole(option: object): option is Console {
  const { Console } = builtinModule('node:console')
  // Not every runtime has the class.
  return typeof Console === 'function' && option instanceof Console
}

function messagesOnly(made: Console): Logger {
  return {
    info: (_fields, message) => made.info(message),
    warn: (_fields, message) => made.warn(message),
    error: (_fields, message) => made.error(message),
  }
}

function stderrLog(options: LogOptions, ports: { host: ProcessPort; clock: Clock }): Log {
  const { host, clock } = ports
  const lowest = LEVELS.indexOf(options.level ?? 'info')
  const takes = (level: Level) => LEVELS.indexOf(level) >= lowest
  const format = () => options.format ?? (host.hasTerminalAsStderr ? 'text' : 'json')
  return {
    sink: 'stderr',
    get onStderr() {
      return format()
    },
    takes,
    write(line) {
      const { level, fields, msg } = line
      if (!takes(level)) return
      if (format() === 'text') {
        host.warn(`${prefixOf(line)}${escapeControls(msg)}\n`)
        return
      }
      const time = clock.date()
      host.warn(logJson({ level, time, pid: host.pid, fields, msg: escapeControls(msg) }))
    },
  }
}

/** A line that the logger refuses goes to stderr: it may be the last one, and must not be lost. */
function loggerLog(logger: Logger, stderr: Log): Log {
  let hasFailed = false
  const onRefused = (thrown: unknown, line: LogLine) => {
    if (!hasFailed) {
      hasFailed = true
      const error = describeError(thrown)
      stderr.write({
        level: 'error',
        fields: { event: 'log:failed', err: errorField(error) },
        msg: `the logger failed; the lines that it refused follow on stderr: ${error.name}: ${error.message}`,
      })
    }
    stderr.write(line)
  }
  const write = (line: LogLine) => {
    const { level, fields, msg } = line
    const method = level === 'fatal' && typeof logger.fatal !== 'function' ? 'error' : level
    try {
      const written = logger[method]?.(fields, `${prefixOf(line)}${escapeControls(msg)}`)
      // An unhandled rejection would be a fault, and logging that fault would reject again.
      if (isThenable(written)) written.then(undefined, (error) => onRefused(error, line))
    } catch (error) {
      onRefused(error, line)
    }
  }
  const flush = () =>
    new Promise<void>((resolve, reject) => {
      const flushed = logger.flush?.(() => resolve())
      if (isThenable(flushed)) flushed.then(() => resolve(), reject)
    }).catch(() => {})
  return {
    sink: logger,
    get onStderr() {
      return stderr.onStderr
    },
    takes: (level) => level !== 'debug' || typeof logger.debug === 'function',
    write,
    ...(typeof logger.flush === 'function' ? { flush } : {}),
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}
