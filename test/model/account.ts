import type { Outcome, Status } from './exit-codes.ts'
import type { Reply } from './scenario.ts'

/** What happens in a scenario. Times count from the start of the world. */
export interface Account {
  reason: string
  hooks: Record<string, HookAccount>
  /** The result of each happening, by its index; `null` where it never happened. */
  replies: (Reply | null)[]
  report: { at: number; outcome: Outcome; exitCode: number } | null
  exit: { at: number; code: number } | null
}

export interface HookAccount {
  /** `null`: the deadline had passed. */
  began: number | null
  limit: number
  /** `null`: the process had gone. */
  ended: number | null
  status: Status | null
}
