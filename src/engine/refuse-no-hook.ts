import { refusal } from '../base/errors.ts'

/** The methods with which clients end, the most careful one first where a client has several. */
const ENDS = [
  'close',
  'quit',
  'end',
  '$disconnect',
  'disconnect',
  'stop',
  'destroy',
  'shutdown',
] as const

/**
 * Throws if the value is an object that has a method to end it, and is not a hook. The error says what to
 * write. Other wrong values are refused when the hook is checked.
 */
export function refuseNoHook(value: unknown): void {
  if (typeof value !== 'object' || value === null || isLikeHook(value)) return
  const end = ENDS.find(
    (method) => typeof (value as Record<string, unknown>)[method] === 'function',
  )
  if (end === undefined) return
  const className = (value.constructor as { name?: string } | undefined)?.name ?? ''
  const isNamed = className !== '' && !['Object', 'EventEmitter'].includes(className)
  const name = isNamed ? `${className[0]?.toLowerCase()}${className.slice(1)}` : 'client'
  throw refusal(
    'LASTCALL_INVALID_OPTION',
    `Got ${isNamed ? article(className) : 'an object'} that is no hook. Write shutdown.add('${name}', () => ${name}.${end}()).`,
  )
}

/** Instances of a class may have a method `run` that is not that of a hook: a worker of BullMQ has one. */
function isLikeHook(value: object): boolean {
  const isPlain = Object.getPrototypeOf(value) === Object.prototype
  return 'phase' in value || 'priority' in value || (isPlain && 'run' in value)
}

function article(name: string): string {
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`
}
