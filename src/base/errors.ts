import { likelyName } from './did-you-mean.ts'

/** The codes of the library's errors. They are stable: match on them, not on messages. */
export type LastcallErrorCode =
  /** An option, an argument or a duration is invalid, or an option is unknown. */
  | 'LASTCALL_INVALID_OPTION'
  /** A hook names a phase that does not exist. */
  | 'LASTCALL_UNKNOWN_PHASE'
  /** No process can handle this signal, or Node uses it itself. */
  | 'LASTCALL_SIGNAL_REFUSED'
  /** Another hook of the shutdown has this name. */
  | 'LASTCALL_NAME_TAKEN'
  /** The reserves of the hooks add up to more than the budget. */
  | 'LASTCALL_RESERVES_TOO_LARGE'
  /** `listen()` was called twice. */
  | 'LASTCALL_ALREADY_LISTENING'
  /** The shutdown is over. */
  | 'LASTCALL_ENDED'
  /** In a test: the clock cannot move, because a loop waits for 0 ms again and again. */
  | 'LASTCALL_CLOCK_STANDS_STILL'
  /** In a test: `advance()` or `run()` was called while an earlier one was moving the clock. */
  | 'LASTCALL_NOT_AWAITED'
  /** In a test: nothing listens for this signal or fault, or the process has exited. */
  | 'LASTCALL_NOT_LISTENING'
  /** The argument is not a server that can be drained. */
  | 'LASTCALL_NOT_A_SERVER'
  /** A hook reached its limit. */
  | 'LASTCALL_HOOK_TIMEOUT'
  /** A task tracker takes no new work, because its phase has begun. */
  | 'LASTCALL_TASK_REFUSED'
  /** The argument is neither a child process nor a `Worker`. */
  | 'LASTCALL_NOT_A_CHILD'
  /** The child process does not lead a process group. */
  | 'LASTCALL_NOT_A_GROUP'
  /** A child process, a thread or a worker of the cluster ended with an unexpected exit code. */
  | 'LASTCALL_CHILD_FAILED'
  /** The argument is not Node's `cluster`, or this process is one of its workers. */
  | 'LASTCALL_NOT_A_CLUSTER'
  /** A new worker of the cluster ended, or was not ready in time. */
  | 'LASTCALL_WORKER_NOT_READY'
  /** In a test: the program did not start, or was not ready in time. */
  | 'LASTCALL_NOT_READY'
  /** In a test: a real program was to be stopped while timers were fake that Node itself needs. */
  | 'LASTCALL_FAKE_TIMERS'
  /** In a test: the program ended by itself before it could be stopped. */
  | 'LASTCALL_ENDED_EARLY'
  /** The shutdown has begun, or a request has to end. */
  | 'LASTCALL_SHUTTING_DOWN'

/**
 * An error of the library, with a stable `code`.
 *
 * @example
 * try {
 *   shutdown.add(hook)
 * } catch (error) {
 *   if (error instanceof LastcallError && error.code === 'LASTCALL_NAME_TAKEN') …
 * }
 */
export class LastcallError extends Error {
  override readonly name: string = 'LastcallError'

  constructor(
    readonly code: LastcallErrorCode,
    message: string,
  ) {
    super(message)
  }
}

/**
 * The abort reason of a hook's `signal` at the hook's limit, and the hook's error in the report.
 *
 * @example
 * run: ({ signal }) => client.flush().catch((error) => {
 *   if (signal.reason instanceof TimeoutError) return client.saveToDisk()
 *   throw error
 * })
 */
export class TimeoutError extends LastcallError {
  override readonly name = 'TimeoutError'

  constructor(message: string) {
    super('LASTCALL_HOOK_TIMEOUT', message)
  }
}

/**
 * The abort reason of `shutdown.signal`. Its `cause` is the shutdown's `Reason`.
 *
 * @example
 * shutdown.signal.addEventListener('abort', () => {
 *   const { cause } = shutdown.signal.reason as AbortError
 *   console.log('leaving because of', cause)
 * })
 */
export class AbortError extends LastcallError {
  override readonly name = 'AbortError'

  constructor(message: string, cause: unknown) {
    super('LASTCALL_SHUTTING_DOWN', message)
    this.cause = cause
  }
}

/** The public call that runs. All checks are synchronous, so there is at most one. */
let call = ''

/**
 * Lets the errors of the checks in `run` begin with the name of the public call. If one public call calls
 * another, the name is that of the outer one: the application wrote it.
 *
 * @example inCall('httpServer()', () => checkOptions(options))
 */
export function inCall<T>(name: string, run: () => T): T {
  const outer = call
  call = outer || `${name}: `
  try {
    return run()
  } finally {
    call = outer
  }
}

/** An error for what the caller gave. Its message begins with the name of the call. */
export function refusal(code: LastcallErrorCode, message: string): LastcallError {
  return new LastcallError(code, `${call}${message}`)
}

/**
 * The error for an option that breaks its rule. Its message names the call, the option, the rule, the value
 * with its type and, if given, the fix.
 */
export function invalidOption(
  option: string,
  rule: string,
  value: unknown,
  fix?: string,
): LastcallError {
  return broken(option, rule, show(value), fix)
}

/** The same for a value that may be a secret: of a text or a number, the message has only the type. */
export function hiddenValue(option: string, rule: string, value: unknown): LastcallError {
  const isShown = value === undefined || typeof value === 'object' || typeof value === 'function'
  return broken(option, rule, isShown ? show(value) : `a ${typeof value}`)
}

/** The same for one of several names. It suggests the one that was probably meant. */
export function notOneOf(option: string, known: readonly string[], value: unknown): LastcallError {
  const likely = likelyName(value, known)
  const fix = likely && `Did you mean '${likely}'?`
  return invalidOption(option, `one of ${known.join(', ')}`, value, fix)
}

function broken(option: string, rule: string, got: string, fix?: string): LastcallError {
  const message = `Expected \`${option}\` to be ${rule}, got ${got}.${fix ? ` ${fix}` : ''}`
  return refusal('LASTCALL_INVALID_OPTION', message)
}

/** Options that are part of another option. */
const INSIDE: Readonly<Record<string, string>> = { forceOn: 'signals', samePressWithin: 'signals' }

/** Throws if the options are not an object, or contain an unknown name: probably a typo. */
export function refuseUnknownOptions(
  options: unknown,
  known: readonly string[],
  example: string,
  option = 'options',
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption(option, `an object such as ${example}`, options)
  }
  refuseUnknownKeys(options, known, option)
}

/**
 * Throws if an object has an unknown name. The message suggests the one that was probably meant.
 *
 * @param of the option that the object is, or `options` for the options of the call
 */
export function refuseUnknownKeys(options: object, known: readonly string[], of: string): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown === undefined) return
  const parent = Object.hasOwn(INSIDE, unknown) ? INSIDE[unknown] : undefined
  const likely = likelyName(unknown, known)
  const fix =
    parent !== undefined && known.includes(parent)
      ? `It is part of \`${parent}\`: write ${parent}: { ${unknown}: … }.`
      : likely && `Did you mean \`${likely}\`?`
  const place =
    of === 'options' ? '' : ` of ${/^\S+$/.test(of) ? `\`${of}\`` : of.replace('options of ', '')}`
  throw refusal(
    'LASTCALL_INVALID_OPTION',
    `Unknown option \`${unknown}\`${place}.${fix ? ` ${fix}` : ''} The options are ${known.join(', ')}.`,
  )
}

/**
 * The names of an options type, in the order in which errors list them. The compiler refuses missing and
 * unknown names.
 *
 * @example
 * const OPTIONS = optionNames<HttpServerOptions>({ name: true, phase: true })
 */
export function optionNames<Options extends object>(
  names: Readonly<Record<keyof Options, true>>,
): readonly string[] {
  return Object.keys(names)
}

/** Shows a value with its type, short enough for one line. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value === 'function') return `a function${value.name ? ` named ${value.name}` : ''}`
  if (typeof value === 'object') {
    return Array.isArray(value) ? `an array of ${value.length}` : `an object (${className(value)})`
  }
  const text = typeof value === 'string' ? `'${value}'` : String(value)
  return `${text.length > 80 ? `${text.slice(0, 79)}…` : text} (${typeof value})`
}

function className(value: object): string {
  return (value.constructor as { name?: string } | undefined)?.name || 'Object'
}
