import type { Application } from './application/application.ts'
import { diffOf } from './diff.ts'
import type { Finding, FindingDraft, Note, UnreadFile } from './finding.ts'
import { isIgnored } from './ignore.ts'
import type { LaunchContext } from './launch/launch-context.ts'
import type { SourceFile } from './parse/source.ts'
import { RULES } from './rules.ts'
import type { LaunchOptions, Scripts } from './scripts.ts'

/**
 * What the examiner of each kind of file works with: what is known of the application, and the lists
 * that it adds its results to.
 */
export class ExamineContext {
  readonly findings: Finding[] = []
  readonly unread: UnreadFile[] = []
  readonly notes: Note[] = []
  /** How many findings a `lastcall-ignore` comment has hidden. */
  ignored = 0
  readonly #reported = new Set<string>()

  constructor(
    readonly application: Application,
    private readonly scripts: Scripts,
  ) {}

  /** What a command in this file may refer to. */
  launchContext(file: SourceFile, options?: LaunchOptions): LaunchContext {
    return this.scripts.launchContext(file, options)
  }

  /** Adds a finding, unless a comment hides it. Two places that lead to the same line count once. */
  report({
    rule,
    file,
    offset,
    says,
    fix,
    edits,
    adds,
    severity = RULES[rule],
  }: FindingDraft): void {
    const line = file.lineOf(offset)
    const key = `${file.path}:${line} ${rule} ${says}`
    if (this.#reported.has(key)) return
    this.#reported.add(key)
    if (isIgnored(file, line, rule)) {
      this.ignored++
      return
    }
    const diff = diffOf(file, edits, adds)
    this.findings.push({ rule, severity, file: file.path, line, says, fix, diff })
  }

  /** Says that a file, or a part of it, could not be read. The doctor then fails. */
  reportUnread(file: string, why: string, line: number | null = null): void {
    this.unread.push({ file, line, why })
  }

  /** Says what was left out, and why. The doctor does not fail for it. */
  note(file: string, text: string): void {
    this.notes.push({ file, text })
  }
}
