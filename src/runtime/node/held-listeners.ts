// Relies on: a listener with a property `listener` stands in for that function, as what `once()` adds
// does. `listeners()` shows the function, and `off()` finds the listener by it. `rawListeners()` shows
// the listener itself. So code of others sees and removes its own function.
// Removing a listener does not stop the event that is being emitted, and Node binds `process.emit()` for
// signals before it could be replaced. So the listeners are replaced before the signal comes.
// Seen in: Node 20.19, 22.23, 24.22, 26.12, Bun 1.4, Deno 2.9.
// If it is missing: others' listeners are called at the signal, or cannot be removed by their own function.

import { sharedState } from '../shared-state.ts'

type Listener = (...args: unknown[]) => unknown
type MaybeStandIn = Listener & { listener?: Listener }

/** All copies of this package share it: each listener is replaced once, and called once. */
const shared = () =>
  sharedState('held-listeners', () => ({
    /** Those who hold the listeners, by signal. */
    holders: new Map<string, Set<object>>(),
    /** What stands in for a listener → what `rawListeners()` showed before. */
    replaced: new WeakMap<object, MaybeStandIn>(),
    /** The listeners that have heard a signal since they are held. */
    heard: new Set<Listener>(),
  }))

/** One call of a listener that was held. */
export interface HeldCall {
  readonly signal: string
  readonly listener: Listener
  /** Calls the listener, unless it has been removed meanwhile. */
  call(): unknown
}

/**
 * From now on, hands over the calls of the listeners to these signals, once for each listener, in place of
 * making them. Also those of listeners that are added later, from the next microtask on.
 *
 * @param isOurs the listeners that are left alone. One of them has to stay as long as the others are held
 * @returns a function that undoes it
 */
export function holdListeners(
  signals: readonly string[],
  isOurs: (listener: object) => boolean,
  onCall: (call: HeldCall) => void,
): () => void {
  const { holders } = shared()
  const holder = {}
  const replaceAll = (signal: string) =>
    exchange(signal, isOurs, (raw) => standIn(signal, raw, onCall))
  for (const signal of signals) {
    holders.set(signal, (holders.get(signal) ?? new Set()).add(holder))
    replaceAll(signal)
  }
  const onAdded = (event: string | symbol) => {
    if (typeof event !== 'string' || !signals.includes(event)) return
    // The listener is added when this returns.
    void Promise.resolve().then(() => {
      if (holders.get(event)?.has(holder)) replaceAll(event)
    })
  }
  process.on('newListener', onAdded)
  return () => {
    process.off('newListener', onAdded)
    for (const signal of signals) {
      holders.get(signal)?.delete(holder)
      if (isHeld(signal)) continue
      exchange(signal, isOurs, (raw) => shared().replaced.get(raw) ?? raw)
    }
    if (!signals.some(isHeld)) shared().heard.clear()
  }
}

/** The function that a listener of `rawListeners()` stands in for, or that listener itself. */
export function originalOf(raw: object): Listener {
  return (raw as MaybeStandIn).listener ?? (raw as Listener)
}

/** Whether this is called when the hooks have ended, not at the signal. */
export function isHeldListener(raw: object): boolean {
  return shared().replaced.has(raw)
}

function isHeld(signal: string): boolean {
  return (shared().holders.get(signal)?.size ?? 0) > 0
}

/** Replaces others' listeners, and keeps their order. */
function exchange(
  signal: string,
  isOurs: (listener: object) => boolean,
  replace: (raw: MaybeStandIn) => Listener,
): void {
  const event = signal as NodeJS.Signals
  const before = (process.rawListeners(event) as MaybeStandIn[]).filter((raw) => !isOurs(raw))
  const after = before.map(replace)
  if (before.every((raw, index) => raw === after[index])) return
  // The last one first: `off()` takes the last that is this function or stands in for it.
  for (const raw of before.toReversed()) process.off(event, raw)
  for (const raw of after) process.on(event, raw)
}

function standIn(signal: string, raw: MaybeStandIn, onCall: (call: HeldCall) => void): Listener {
  const { replaced, heard } = shared()
  if (replaced.has(raw)) return raw
  const listener = originalOf(raw)
  const event = signal as NodeJS.Signals
  function held(...args: unknown[]): unknown {
    const call = () => {
      // Not by `listeners()`: that of Bun shows what stands in.
      const present = process.rawListeners(event) as MaybeStandIn[]
      if (!present.some((one) => originalOf(one) === listener)) return undefined
      // What `once()` adds removes itself, which is not on the list.
      if (raw !== listener) process.off(event, held)
      return Reflect.apply(raw, process, args)
    }
    if (!isHeld(signal)) return call()
    if (heard.has(listener)) return undefined
    heard.add(listener)
    onCall({ signal, listener, call })
    return undefined
  }
  held.listener = listener
  replaced.set(held, raw)
  return held
}
