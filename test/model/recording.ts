import type { Account } from './account.ts'
import type { Scenario } from './scenario.ts'

/** What came out of a scenario, by the library's own account, and what hooks and the world saw of it. */
export interface Recording extends Account {
  start: number
  /** Each time that a hook was called: what it was told of its time, and whether another was being called. */
  calls: { hook: string; at: number; remaining: number; deadline: number; nested: boolean }[]
  /** Each time that one was over by itself, or was told by its signal to give up. */
  settled: { hook: string; at: number; well: boolean }[]
  told: { hook: string; at: number; remaining: number }[]
  /** When a signal came, in the order in which they were heard. */
  signals: { happening: number; came: number; heard: number }[]
  /** When each hook was added at last, unless it was taken back. */
  added: { [hook: string]: number }
  /** The names in each report that came out, in its order: of the event `end` and of the promise. */
  reports: string[][]
  /** Each exit of the process: what comes after the first stands in nothing but this. */
  exits: number[]
  /** What is still listened to when all is over. */
  listeners: string[]
}

/** Before anything has happened. */
export function emptyRecording({ happenings }: Scenario): Recording {
  return {
    ...{ reason: '', hooks: {}, replies: happenings.map(() => null), report: null, exit: null },
    ...{ calls: [], settled: [], told: [], signals: [], added: {}, reports: [], exits: [] },
    ...{ start: 0, listeners: [] },
  }
}
