/** Every way in which the library refuses something. The codes are stable: match on them, not on messages. */
export type LastcallErrorCode =
  | 'LASTCALL_INVALID_OPTION'
  | 'LASTCALL_UNKNOWN_PHASE'
  | 'LASTCALL_SIGNAL_REFUSED'
  | 'LASTCALL_NAME_TAKEN'
  | 'LASTCALL_RESERVES_TOO_LARGE'
  | 'LASTCALL_ALREADY_LISTENING'
  | 'LASTCALL_ENDED'
  | 'LASTCALL_NOT_LISTENING'
  | 'LASTCALL_NOT_A_SERVER'
  | 'LASTCALL_HOOK_TIMEOUT'
  | 'LASTCALL_TASK_REFUSED'
  | 'LASTCALL_NOT_A_CHILD'
  | 'LASTCALL_NOT_A_GROUP'
  | 'LASTCALL_CHILD_FAILED'
  | 'LASTCALL_NOT_A_CLUSTER'
  | 'LASTCALL_WORKER_NOT_READY'
  | 'LASTCALL_NOT_READY'
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

/** What a hook's `signal` is aborted with at the hook's limit, and what stands in the report then. */
export class TimeoutError extends LastcallError {
  override readonly name = 'TimeoutError'

  constructor(message: string) {
    super('LASTCALL_HOOK_TIMEOUT', message)
  }
}

/** What `shutdown.signal` is aborted with when the run begins; its `cause` is the reason. */
export class AbortError extends LastcallError {
  override readonly name = 'AbortError'

  constructor(message: string, cause: unknown) {
    super('LASTCALL_SHUTTING_DOWN', message)
    this.cause = cause
  }
}

/**
 * The error for an option that breaks its rule. It names the option, the rule, the value with its
 * type, and, where one is likely, the fix.
 */
export function invalidOption(
  option: string,
  rule: string,
  value: unknown,
  fix?: string,
): LastcallError {
  const hint = fix === undefined ? '' : ` ${fix}`
  return new LastcallError(
    'LASTCALL_INVALID_OPTION',
    `Expected \`${option}\` to be ${rule}, got ${show(value)}.${hint}`,
  )
}

/** Refuses options that are no object, and those that nobody reads: most often they are misspelt. */
export function refuseUnknownOptions(
  options: unknown,
  known: readonly string[],
  example: string,
  option = 'options',
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption(option, `an object such as ${example}`, options)
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown !== undefined) throw invalidOption(option, `made of ${known.join(', ')}`, unknown)
}

/**
 * The names of an options type, in the order in which errors list them. The compiler refuses a name
 * that is missing, and one that the type does not have.
 *
 * @example
 * const OPTIONS = optionNames<HttpServerOptions>({ name: true, phase: true })
 */
export function optionNames<Options extends object>(
  names: Readonly<Record<keyof Options, true>>,
): readonly string[] {
  return Object.keys(names)
}

/** A value with its type, short enough for one line. */
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
