import type { Grace } from '../../application/application.ts'
import type { ExamineContext } from '../../examine-context.ts'
import { wholeSeconds } from '../../parse/durations.ts'
import type { Edit, SourceFile } from '../../parse/source.ts'
import type { Severity } from '../../rules.ts'

/** Reports that the platform kills the application before the application's own grace is over. */
export function reportShortGrace(
  context: ExamineContext,
  {
    setting,
    grace,
    allowed = `${wholeSeconds(grace.value)} s`,
    ...place
  }: {
    /** What the platform grants: `stop_grace_period is 15s`. */
    readonly setting: string
    readonly grace: Grace
    /** The application's grace as text, in the unit of the platform. By default in seconds. */
    readonly allowed?: string
    readonly file?: SourceFile
    readonly offset: number
    readonly fix: string
    readonly edits: readonly Edit[]
    readonly severity?: Severity
  },
): void {
  context.report({
    rule: 'grace-too-short',
    says: `${setting}, and the application allows itself ${allowed} (${grace.from}): it is killed in the middle of its hooks, and what comes last, the flush, is lost.`,
    ...place,
  })
}
