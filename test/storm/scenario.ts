/** What a process left with: its code, or the signal that has ended it. */
export type ExitCode = number | NodeJS.Signals

/** Something that comes over a process: a signal, or a fault that it is asked to commit. */
export interface Blow {
  readonly what: NodeJS.Signals | 'throw' | 'reject'
  /** What it is counted from: a line that the process says, its beginning, or the blow before. */
  readonly after: 'spawn' | 'loading' | 'loaded' | 'serving' | 'exit' | 'blow'
  /** How long after that, in milliseconds; in times that a start has taken so far after `spawn`. */
  readonly wait: number
}

/** What the service is told, as JSON; its source says what each of them means. */
export interface ServiceOptions {
  readonly way?: string
  readonly by?: 'http' | 'pipe'
  readonly parts?: 1 | 2
  readonly grace?: number
  readonly handler?: number
  readonly flushTakes?: number
  readonly reserve?: number
  readonly hooks?: readonly { phase: string; does: string; ms?: number }[]
  readonly listener?: string
  readonly exitsAfterHooks?: boolean
  readonly listensFirst?: boolean
}

/** A kind of storm: how many of 300 processes are of it, and what becomes of one. */
export interface Kind {
  readonly name: string
  readonly share: number
  /** Whether it runs alone: its end at the last moment cannot be in time where others take the processors. */
  readonly isAlone?: boolean
  make(dice: Dice): { service?: ServiceOptions; blows: readonly Blow[]; allowed: Rule }
}

/** Chance, as a seed has it. */
export interface Dice {
  between(least: number, most: number): number
  oneOf<T>(...choices: readonly T[]): T
}

/** What one process is to go through, and the codes that it may leave with. */
export interface Scenario {
  /** Its place in the plan, which is its name. */
  readonly number: number
  readonly kind: string
  readonly isAlone?: boolean
  readonly service: ServiceOptions
  readonly blows: readonly Blow[]
  readonly allowed: Rule
}

/** The codes that the table of exit codes allows after what has happened. */
export type Rule = (what: WhatHappened) => readonly ExitCode[]

/** As much of it as a rule depends on. */
export interface WhatHappened {
  /** Whether the process has said this. */
  said(text: string): boolean
  /** The blows that reached it, in order. */
  readonly dealt: readonly Dealt[]
}

/** A blow as it was dealt: at some moment between these two, in milliseconds. */
export interface Dealt {
  readonly what: Blow['what']
  readonly from: number
  readonly until: number
}

/** All that is known of a process that has ended. */
export interface Outcome extends WhatHappened {
  readonly scenario: Scenario
  readonly code: ExitCode
  readonly sent: ReadonlySet<string>
  readonly acknowledged: ReadonlySet<string>
  /** The lines of its files. */
  readonly found: readonly string[]
  /** What was done to it and what it said, in order. */
  readonly timeline: readonly string[]
  /** From the first blow to the exit, in milliseconds. */
  readonly took: number
}
