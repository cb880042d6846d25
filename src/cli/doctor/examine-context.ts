import type { Application, Grace } from './application/application.ts'
import { diffOf } from './diff.ts'
import type { Finding, FindingDraft, Note, UnreadFile } from './finding.ts'
import { isIgnored } from './ignore.ts'
import type { LaunchContext } from './launch/launch-context.ts'
import type { SourceFile } from './parse/source.ts'
import { RULES } from './rules.ts'
import type { LaunchOptions, Scripts } from './scripts.ts'

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
    const diff = diffOf(file, edits, adds)
    this.findings.push({ rule, severity, file: file.path, line, says, fix, diff })
  }
}

/** What an examiner works with: the file, what is known of the application, and where results go. */
export class ExamineContext {
  constructor(
    readonly file: SourceFile,
    readonly application: Application,
    private readonly scripts: Scripts,
    private readonly results: Results,
  ) {}

  /** What a command may refer to, by default one in this file. */
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
