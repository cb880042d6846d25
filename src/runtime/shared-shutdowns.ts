import type { Reason } from '../base/reason.ts'

/** The shutdowns of one process that leave together: of every copy of the package, so plain data only. */
export interface SharedShutdowns {
  readonly members: Set<Member>
  /** What the first of them began with, once one has. */
  reason: Reason | undefined
  /** When the grace of the last of those that run is over, by the clock of `sharedTime()`, for all threads to see. */
  readonly graceOverAt: BigInt64Array
}

export function newSharedShutdowns(): SharedShutdowns {
  const until = new BigInt64Array(new SharedArrayBuffer(8))
  return { members: new Set(), reason: undefined, graceOverAt: until }
}

/** A shutdown that ends its process. */
export interface Member {
  /** Starts its run, unless that has begun. */
  begin(reason: Reason): void
  /** How it ended; `undefined` until then. */
  ended: SharedOutcome | undefined
  /** Resolves when what it has to tell has left the process; `undefined` where that needs no time. */
  flush(): Promise<unknown> | undefined
  /** The process lives on: something stood in for its exit. Nothing is to be left. */
  stay?(): void
}

export interface SharedOutcome {
  /** How bad it was: the code of the worst one counts. */
  readonly rank: number
  readonly code: number
}

/** Has those whose grace is over sooner know that the process lives for so long. */
export function stayUntil({ graceOverAt: until }: SharedShutdowns, time: bigint): void {
  if (time > Atomics.load(until, 0)) Atomics.store(until, 0, time)
}

/** Takes a shutdown in. Where the others are leaving already, it begins at once. */
export function joinShutdowns(shared: SharedShutdowns, member: Member): void {
  shared.members.add(member)
  if (shared.reason) member.begin(shared.reason)
}

/** Starts the others: who leaves takes everybody along, so that nobody's clean-up is lost. */
export function beginTogether(shared: SharedShutdowns, member: Member, reason: Reason): void {
  shared.reason ??= reason
  shared.members.add(member)
  for (const other of [...shared.members]) other.begin(reason)
}

/** The worst of the endings once the last has ended; `undefined` before. */
export function worstOutcome({ members }: SharedShutdowns): SharedOutcome | undefined {
  let worst: SharedOutcome | undefined
  for (const { ended } of members) {
    if (ended === undefined) return undefined
    if (worst === undefined || ended.rank > worst.rank) worst = ended
    // Of two as bad as each other, a code that says something wins over 0.
    else if (ended.rank === worst.rank && worst.code === 0) worst = ended
  }
  return worst
}
