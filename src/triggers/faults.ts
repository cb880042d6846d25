import { invalidOption, optionNames, refuseUnknownOptions } from '../base/errors.ts'
import type { ProcessPort } from '../runtime/process.ts'

/** Which faults begin a shutdown. */
export interface FaultOptions {
  /**
   * Whether an unhandled rejection begins the shutdown where the process has other listeners for it.
   * `'unless-heard'`: no. A framework or an error tracker that listens has decided to serve on. `'always'`:
   * yes. Default `'unless-heard'`.
   */
  readonly unhandledRejection?: 'always' | 'unless-heard' | undefined
}

export type FaultSettings = Required<FaultOptions> | false

const OPTIONS = optionNames<FaultOptions>({ unhandledRejection: true })
const WHEN = ['always', 'unless-heard'] as const

/** Checks the option `faults`: a boolean, or an object. `false`: Node handles faults as without this library. */
export function faultSettings(option: unknown = true): FaultSettings {
  if (option === false) return false
  const options = option === true ? {} : option
  if (typeof options !== 'object') {
    throw invalidOption('faults', "true, false or { unhandledRejection: 'always' }", option)
  }
  refuseUnknownOptions(options, OPTIONS, "{ unhandledRejection: 'always' }", 'faults')
  const { unhandledRejection = 'unless-heard' } = options as FaultOptions
  if (WHEN.includes(unhandledRejection)) return { unhandledRejection }
  throw invalidOption(
    'faults.unhandledRejection',
    `one of ${WHEN.map((when) => `'${when}'`).join(', ')}`,
    unhandledRejection,
  )
}

/** What a fault can do. */
export interface FaultActions {
  /** Begins the shutdown, or adds the fault to it. */
  fault(thrown: unknown, origin: 'uncaughtException' | 'unhandledRejection'): void
  /** Called once, with the first rejection that is left to the other listeners. */
  leave(): void
}

/** Listens to uncaught exceptions and unhandled rejections. Returns a function that stops listening. */
export function onFaults(
  { unhandledRejection }: Required<FaultOptions>,
  host: ProcessPort,
  actions: FaultActions,
): () => void {
  let hasLeft = false
  const onRejection = (thrown: unknown) => {
    const isHeard = host.otherListeners('unhandledRejection').length > 0
    if (!isHeard || unhandledRejection === 'always') {
      return actions.fault(thrown, 'unhandledRejection')
    }
    if (!hasLeft) actions.leave()
    hasLeft = true
  }
  const undos = [
    host.onFirst('uncaughtException', (thrown) => actions.fault(thrown, 'uncaughtException')),
    host.onFirst('unhandledRejection', onRejection),
  ]
  return () => {
    for (const undo of undos) undo()
  }
}
