import { createTwoFilesPatch } from 'diff'
import type { Application, Grace } from './application/application.ts'
import { isIgnored } from './ignore.ts'
import type { LaunchContext, LaunchOptions, Scripts } from './launch/scripts.ts'
import { applyEdits, type Edit, type SourceFile } from './parse/source.ts'
import { RULES, type RuleId, type Severity } from './rules.ts'

/** A problem at one place of a deployment. */
export interface Finding {
  readonly rule: RuleId
  readonly severity: Severity
  /** Relative to the directory that was examined. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** What happens at the stop. */
  readonly says: string
  /** What to do, in a sentence. */
  readonly fix: string
  /** The fix as a unified diff, for `patch -p1` in the examined directory. Empty if there is none. */
  readonly diff: string
}

/** A finding as an examiner reports it. The context adds the line and the diff. */
interface FindingDraft {
  readonly rule: RuleId
  /** By default the file that is examined. */
  readonly file?: SourceFile | undefined
  readonly offset: number
  readonly says: string
  readonly fix: string
  readonly edits: readonly Edit[]
  /** A file that the fix adds. */
  readonly adds?: { readonly path: string; readonly text: string } | undefined
  /** By default the rule's. */
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

/** What the examiners have found in all files. */
export class Results {
  readonly findings: Finding[] = []
  readonly unread: UnreadFile[] = []
  readonly notes: Note[] = []
  /** How many findings a `lastcall-ignore` comment has hidden. */
  ignored = 0
  readonly #reported = new Set<string>()

  /** Adds a finding, unless a comment hides it. Two places that lead to the same line count once. */
  report(file: SourceFile, { rule, says, fix, ...draft }: FindingDraft): void {
    const line = file.lineOf(draft.offset)
    const key = `${file.path}:${line} ${rule} ${says}`
    if (this.#reported.has(key)) return
    this.#reported.add(key)
    if (isIgnored(file, line, rule)) {
      this.ignored++
      return
    }
    const { edits, adds, severity = RULES[rule] } = draft
    const diff = diffOf(file, edits) + (adds ? patch(adds.path, undefined, adds.text) : '')
    this.findings.push({ rule, severity, file: file.path, line, says, fix, diff })
  }
}

/** The input of an examiner, the file and the application, and the place for its results. */
export class ExamineContext {
  constructor(
    readonly file: SourceFile,
    readonly application: Application,
    private readonly scripts: Scripts,
    private readonly results: Results,
  ) {}

  /** The scripts for a command, by default one in this file. */
  launchContext(options?: LaunchOptions, file = this.file): LaunchContext {
    return this.scripts.launchContext(file, options)
  }

  /** The grace of the application that this file deploys. See {@link Application.grace}. */
  grace(assumed: number | undefined, platform: string): Grace | undefined {
    return this.application.grace(this.file, assumed, platform)
  }

  /** Adds a finding, by default in this file. */
  report(draft: FindingDraft): void {
    this.results.report(draft.file ?? this.file, draft)
  }

  /** Says that a file, or a line of it, could not be read. The doctor then fails. */
  reportUnread(why: string, line: number | null = null, file = this.file): void {
    this.results.unread.push({ file: file.path, line, why })
  }

  /** Says what was left out of the file, and why. The doctor does not fail for it. */
  note(text: string): void {
    this.results.notes.push({ file: this.file.path, text })
  }
}

/** The edits as a unified diff. */
function diffOf({ path, text, byteOrderMark }: SourceFile, edits: readonly Edit[]): string {
  const after = applyEdits(text, edits)
  return after === text ? '' : patch(path, byteOrderMark + text, byteOrderMark + after)
}

function patch(path: string, before: string | undefined, after: string): string {
  const from = before === undefined ? '/dev/null' : `a/${path}`
  const text = createTwoFilesPatch(from, `b/${path}`, before ?? '', after, '', '', { context: 2 })
  // `diff` starts with a line of `=`, and writes a tab in place of the date.
  return text.replace(/^=+\n/, '').replace(/^(--- .*|\+\+\+ .*?)\t$/gm, '$1')
}
