import { createAbortController } from '../runtime/abort-controller.ts'
import { sharedState } from '../runtime/shared-state.ts'

/**
 * Gives the requests of one connection or session their signals. An application may load this package
 * several times, as ESM and as CommonJS or in two versions: all copies ask the one source.
 */
export interface SignalSource {
  /** @param request the request of HTTP/1, or the stream of HTTP/2 */
  signalOf(request: object): AbortSignal
}

// Every copy and version of this package uses this symbol, on the sockets of HTTP/1 and the sessions of
// HTTP/2. The shape of its value never changes.
const SOURCE = Symbol.for('lastcall.signals.v1')
type Holder = { [SOURCE]?: SignalSource }

/** Makes a source known, unless another copy was given the server first. */
export function provideSignals(holder: object, source: SignalSource): void {
  ;(holder as Holder)[SOURCE] ??= source
}

/** The source of a socket or session, if its server was passed in. */
export function signalSourceOf(holder: object | null | undefined): SignalSource | undefined {
  return (holder as Holder | null | undefined)?.[SOURCE]
}

/** The one signal of a request. `onNew` gets the controller of a new one. */
export function oneSignalOf(
  request: object,
  onNew: (controller: AbortController) => void,
): AbortSignal {
  const signals = sharedState('signals', () => new WeakMap<object, AbortSignal>())
  const known = signals.get(request)
  if (known) return known
  const controller = createAbortController()
  signals.set(request, controller.signal)
  onNew(controller)
  return controller.signal
}
