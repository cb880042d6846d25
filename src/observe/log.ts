import { invalidOption, refuseUnknownOptions } from '../base/errors.ts'
import { describeError, type ErrorInfo } from '../base/reason.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ProcessPort } from '../runtime/process.ts'
import { escapeControls } from '../text/printable.ts'

/** What the option `log` of `createShutdown()` takes besides `false`, `'text'`, `'json'` and a logger. */
export interface LogOptions {
  /** Default: `text` where stderr is a terminal, `json` (a line for each object) elsewhere. */
  readonly format?: 'text' | 'json'
  /** The least that is written. Default `info`; with `warn` a run that goes well writes nothing. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error'
}

/**
 * A logger as pino's, typed by what is used of it. Each method takes the fields first and the message
 * second; `debug`, `fatal` and `flush` are used where they are there.
 *
 * @example createShutdown({ log: pino() })
 */
export interface Logger {
  info(fields: object, message: string): unknown
  warn(fields: object, message: string): unknown
  error(fields: object, message: string): unknown
  /** What begins, and notes. Without it nobody is told of these. */
  debug?(fields: object, message: string): unknown
  /** The process exits at once, and hooks are lost. Default: `error`. */
  fatal?(fields: object, message: string): unknown
  /**
   * Calls back, or resolves, when all that was logged is written. The exit waits for it, as long as it
   * waits for stdout and stderr.
   */
  flush?(callback: (error?: Error) => void): unknown
}

/** From the least to the most. `fatal`: the process exits at once, and something is lost. */
export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** One thing that has happened: the same for people and for programs. */
export interface LogLine {
  readonly level: Level
  /** What it is about, for programs; the names are pino's where it has any. */
  readonly fields: Readonly<Record<string, unknown>>
  /** What people read; one line, or several for a problem. */
  readonly msg: string
}

/** Where lines go. It never throws. */
export interface Log {
  /** How it writes to stderr, for whoever has to write there past it: nobody can call a logger from a thread. */
  readonly onStderr: 'text' | 'json' | 'silent'
  /** Whether lines of this level go anywhere: for who would make them in vain. */
  takes(level: Level): boolean
  write(line: LogLine): void
  /** Resolves when all lines are written; missing where they go to stderr, or nowhere. */
  readonly flush?: () => Promise<void>
}

/** Opens what the option `log` asks for. */
export function openLog(option: unknown, ports: { host: ProcessPort; clock: Clock }): Log {
  if (option === false) return { onStderr: 'silent', takes: () => false, write: () => {} }
  if (isLogger(option)) return handTo(option, stderrLog({}, ports))
  return stderrLog(settings(option), ports)
}

/** An error as pino's serializer has it, and as it takes it. */
export function errorField({ name, message, code, stack, cause, errors }: ErrorInfo): object {
  const field = {
    type: name,
    message,
    ...(code === null ? {} : { code }),
    ...(stack === null ? {} : { stack }),
    ...(cause === null ? {} : { cause: errorField(cause) }),
    ...(errors.length === 0 ? {} : { aggregateErrors: errors.map(errorField) }),
  }
  // pino's serializer takes an error's type from its class, or from its name where it has none.
  return Object.defineProperty(Object.setPrototypeOf(field, null), 'name', { value: name })
}

const FORMATS = ['text', 'json'] as const
const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error', 'fatal']
const RULE =
  "false, 'text', 'json', an object { format, level }, or a logger such as pino's with info(), warn() and error()"

function settings(option: unknown): LogOptions {
  if (option === undefined) return {}
  if (FORMATS.includes(option as 'text')) return { format: option as 'text' }
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    const isLevel = LEVELS.includes(option as Level)
    throw invalidOption('log', RULE, option, isLevel ? `Write { level: '${option}' }.` : undefined)
  }
  refuseUnknownOptions(option, ['format', 'level'], "{ level: 'warn' }", 'log')
  const { format, level = 'info' } = option as LogOptions
  if (format !== undefined && !FORMATS.includes(format)) {
    throw invalidOption('log.format', `one of ${FORMATS.join(', ')}`, format)
  }
  const levels = LEVELS.slice(0, -1)
  if (!levels.includes(level)) {
    throw invalidOption('log.level', `one of ${levels.join(', ')}`, level)
  }
  return { ...(format ? { format } : {}), level }
}

function isLogger(option: unknown): option is Logger {
  if (option === null || (typeof option !== 'object' && typeof option !== 'function')) return false
  const missing = ['info', 'warn', 'error'].filter((method) => {
    return typeof (option as Record<string, unknown>)[method] !== 'function'
  })
  if (missing.length === 0) return true
  if (missing.length === 3) return false
  throw invalidOption('log', RULE, option, `This one has no ${missing.join('(), no ')}().`)
}

function stderrLog(options: LogOptions, ports: { host: ProcessPort; clock: Clock }): Log {
  const { host, clock } = ports
  const least = LEVELS.indexOf(options.level ?? 'info')
  const takes = (level: Level) => LEVELS.indexOf(level) >= least
  const formatNow = () => options.format ?? (host.hasTerminalAsStderr ? 'text' : 'json')
  return {
    get onStderr() {
      return formatNow()
    },
    takes,
    write({ level, fields, msg }) {
      if (!takes(level)) return
      if (formatNow() === 'text') {
        host.warn(`lastcall: ${escapeControls(msg)}\n`)
        return
      }
      const time = new Date(clock.date()).toISOString()
      const line = {
        level,
        time,
        pid: host.pid,
        name: 'lastcall',
        ...fields,
        msg: escapeControls(msg),
      }
      host.warn(`${JSON.stringify(line)}\n`)
    },
  }
}

/** What the logger refuses goes to stderr: a line about an end must not be lost with what ends. */
function handTo(logger: Logger, stderr: Log): Log {
  let hasFailed = false
  const refused = (thrown: unknown, line: LogLine) => {
    if (!hasFailed) {
      hasFailed = true
      const error = describeError(thrown)
      stderr.write({
        level: 'error',
        fields: { event: 'log:failed', err: errorField(error) },
        msg: `the logger failed, and what it doesn't take stands here: ${error.name}: ${error.message}`,
      })
    }
    stderr.write(line)
  }
  const write = (line: LogLine) => {
    const { level, fields, msg } = line
    const method = level === 'fatal' && typeof logger.fatal !== 'function' ? 'error' : level
    try {
      const written = logger[method]?.(fields, `lastcall: ${escapeControls(msg)}`)
      // One that rejects would be a fault, which would be logged, which would reject.
      if (isThenable(written)) written.then(undefined, (error) => refused(error, line))
    } catch (error) {
      refused(error, line)
    }
  }
  const flush = () =>
    new Promise<void>((resolve) => {
      const done = () => resolve()
      try {
        const flushed = logger.flush?.(done)
        if (isThenable(flushed)) flushed.then(done, done)
      } catch {
        done()
      }
    })
  return {
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
