import type { Edit, SourceFile } from './parse/source.ts'
import type { RuleId, Severity } from './rules.ts'

/** What somebody is told of one place. */
export interface Finding {
  readonly rule: RuleId
  readonly severity: Severity
  /** Relative to the directory that was examined. */
  readonly file: string
  /** The first is 1. */
  readonly line: number
  /** What happens at the stop. */
  readonly says: string
  /** What to do, in a sentence. */
  readonly fix: string
  /** The same as a unified diff, which `patch -p1` takes in the directory that was examined; empty where it is not to be known. */
  readonly diff: string
}

/** What a rule has found; the line and the diff are made from it. */
export interface Draft {
  readonly rule: RuleId
  readonly file: SourceFile
  readonly offset: number
  readonly says: string
  readonly fix: string
  readonly edits: readonly Edit[]
  /** A file that the fix adds. */
  readonly adds?: { readonly path: string; readonly text: string } | undefined
  readonly severity?: Severity
}
