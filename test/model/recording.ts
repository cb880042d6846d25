import type { Account } from './account.ts'
import type { Scenario } from './scenario.ts'

/** What happened in a scenario: what the library reports, and what hooks and the world saw. */
export interface Recording extends Account {
  start: number
  /** Each call of a hook: the time that it got, and whether another hook was being called. */
  calls: { hook: string; at: number; remaining: number; deadline: number; nested: boolean }[]
  /** Each time that a hook settled. */
  settled: { hook: string; at: number; well: boolean }[]
  /** Each time that the signal of a hook aborted. */
  aborts: { hook: string; at: number; remaining: number }[]
  /** When a signal came, in the order in which they were heard. */
  signals: { happening: number; came: number; heard: number }[]
  /** When each hook was last added, unless it was removed. */
  added: { [hook: string]: number }
  /** The names of the hooks in each report: of the event `end`, and of the promise. */
  reports: string[][]
  /** Each exit of the process. Only the first one is in the account. */
  exits: number[]
  /** The listeners that are left at the end. */
  listeners: string[]
}

/** The recording before anything has happened. */
export function emptyRecording({ happenings }: Scenario): Recording {
  return {
    ...{ reason: '', hooks: {}, replies: happenings.map(() => null), report: null, exit: null },
    ...{ calls: [], settled: [], aborts: [], signals: [], added: {}, reports: [], exits: [] },
    ...{ start: 0, listeners: [] },
  }
}
