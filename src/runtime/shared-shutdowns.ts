import type { Reason } from '../base/reason.ts'

/**
 * The shutdowns of one process, including those of other copies of this package. The process exits when
 * all have ended. The shape of this data never changes: copies of other versions read it.
 */
export interface SharedShutdowns {
  readonly members: Set<Member>
  /** What started the first of them. `undefined` until one has started. */
  reason: Reason | undefined
  /** When the latest grace of the started shutdowns ends, on the clock of `sharedTime()`. All threads can read it. */
  readonly graceOverAt: BigInt64Array
  /** What the logs have said of the event that is being handled. Older copies have none. */
  said?: Said[]
}

interface Said {
  readonly text: string
  readonly speaker: object
  /** Where it was written. */
  readonly sink: unknown
}

/** A shutdown that ends its process. */
export interface Member {
  /** Starts its watchdog. Called when any of the shutdowns begins, before the application's code runs. */
  watch?(): void
  /** Starts it, unless it has started. */
  begin(reason: Reason): void
  /** How it ended; `undefined` until then. */
  ended: SharedOutcome | undefined
  /** Resolves when its log lines and spans have left the process. `undefined` where none are waiting. */
  flush(): Promise<unknown> | undefined
  /** The names of the hooks that have not ended. */
  unfinished?(): { readonly running: readonly string[]; readonly waiting: readonly string[] }
  /** Set when a second press ends the process: what this shutdown loses has been said. */
  isForced?: boolean
  /** Undoes everything if the process lives on, because a test has replaced `process.exit()`. */
  stay?(): void
}

export interface SharedOutcome {
  /** How bad it was: the process exits with the code of the worst outcome. */
  readonly rank: number
  readonly code: number
  /** What was not clean, in words. Copies of older versions do not say it. */
  readonly because?: string | null
}

// Every copy and version of this package uses this symbol.
const SHUTDOWNS = Symbol.for('lastcall.shutdowns.v1')

/** The shutdowns of this process. */
export function sharedShutdowns(): SharedShutdowns {
  const shared = globalThis as { [SHUTDOWNS]?: SharedShutdowns }
  shared[SHUTDOWNS] ??= newSharedShutdowns()
  return shared[SHUTDOWNS]
}

export function newSharedShutdowns(): SharedShutdowns {
  const graceOverAt = new BigInt64Array(new SharedArrayBuffer(8))
  return { members: new Set(), reason: undefined, graceOverAt }
}

/** Keeps the watchdogs of shutdowns with a shorter grace from killing before `time`. */
export function extendGrace({ graceOverAt }: SharedShutdowns, time: bigint): void {
  if (time > Atomics.load(graceOverAt, 0)) Atomics.store(graceOverAt, 0, time)
}

/** Adds a shutdown. If the others have started already, it starts at once. */
export function joinShutdowns(shared: SharedShutdowns, member: Member): void {
  shared.members.add(member)
  if (shared.reason) member.begin(shared.reason)
}

/** Starts the watchdogs of all shutdowns: the code of one may block before the others begin. */
export function watchTogether({ members }: SharedShutdowns, member: Member): void {
  members.add(member)
  for (const { watch } of members) watch?.()
}

/** Starts all other shutdowns, so that the exit cuts off none of their clean-up. */
export function beginTogether(shared: SharedShutdowns, member: Member, reason: Reason): void {
  shared.reason ??= reason
  shared.members.add(member)
  for (const other of [...shared.members]) other.begin(reason)
}

/** The worst outcome, once the last shutdown has ended. `undefined` before. */
export function worstOutcome({ members }: SharedShutdowns): SharedOutcome | undefined {
  const outcomes = [...members].map(({ ended }) => ended)
  return outcomes.includes(undefined) ? undefined : worstOf(outcomes)
}

/** The worst outcome of those shutdowns that have ended, and of this one, which ends like that. */
export function worstSoFar({ members }: SharedShutdowns, member: Member, own: SharedOutcome) {
  const outcomes = [...members].map((one) => (one === member ? own : one.ended))
  return worstOf(outcomes) ?? own
}

function worstOf(outcomes: readonly (SharedOutcome | undefined)[]): SharedOutcome | undefined {
  let worst: SharedOutcome | undefined
  for (const outcome of outcomes) {
    if (outcome === undefined) continue
    if (worst === undefined || outcome.rank > worst.rank) worst = outcome
    // Of two that are equally bad, a code other than 0 wins.
    else if (outcome.rank === worst.rank && worst.code === 0) worst = outcome
  }
  return worst
}

/** The place of a shutdown among those of its process, counted from 1. `undefined` if it is the only one. */
export function numberOf({ members }: SharedShutdowns, member: Member): number | undefined {
  // Its first log line may come before it is added.
  const all = [...new Set([...members, member])]
  return all.length > 1 ? all.indexOf(member) + 1 : undefined
}

/**
 * Whether no other shutdown has said this of an event that all of them hear at once, such as a signal. What
 * was written somewhere else does not count.
 */
export function isFirstToSay(
  shared: SharedShutdowns,
  text: string,
  speaker: object,
  sink: unknown,
): boolean {
  shared.said ??= []
  const said = shared.said
  const first = said.find((one) => one.text === text && one.sink === sink)
  if (first) return first.speaker === speaker
  said.push({ text, speaker, sink })
  // The listeners of one event are called before any promise. The next event is another one.
  void Promise.resolve().then(() => said.splice(0))
  return true
}
