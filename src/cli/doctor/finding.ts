import type { Edit, SourceFile } from './parse/source.ts'
import type { RuleId, Severity } from './rules.ts'

/** A problem at one place of a deployment. */
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
  /** The fix as a unified diff, for `patch -p1` in the examined directory. Empty where it is not known. */
  readonly diff: string
}

/** A finding as an examiner reports it. The context adds the line and the diff. */
export interface FindingDraft {
  readonly rule: RuleId
  /** By default the file that is examined. */
  readonly file?: SourceFile | undefined
  readonly offset: number
  readonly says: string
  readonly fix: string
  readonly edits: readonly Edit[]
  /** A file that the fix adds. */
  readonly adds?: { readonly path: string; readonly text: string } | undefined
  /** By default that of the rule. */
  readonly severity?: Severity | undefined
}

/** A file, or a place in it, that could not be read: the doctor knows nothing about it. */
export interface UnreadFile {
  readonly file: string
  readonly line: number | null
  readonly why: string
}

/** What was left out of a file, and why. */
export interface Note {
  readonly file: string
  readonly text: string
}
