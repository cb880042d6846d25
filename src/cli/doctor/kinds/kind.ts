import type { ExamineContext } from '../examine-context.ts'
import type { SourceFile } from '../parse/source.ts'

/** A kind of file that says something about how an application is stopped. */
export interface Kind {
  /** As the summary counts it: `Compose`. */
  readonly name: string
  /** As a sentence names one of its files: `Compose file`. */
  readonly noun: string
  /** Whether a file with this path is of this kind. */
  isPath(path: string): boolean
  /**
   * For a kind whose paths say too little, such as `.yaml`: whether this text is of the kind. Such a kind
   * gets only files whose path belongs to no kind without `isContent`.
   */
  isContent?(text: string): boolean
  /** For a kind with files that are read together: each main file with its parts. */
  group?(paths: readonly string[]): ReadonlyMap<string, readonly string[]>
  /** Reports what breaks the stop. `parts` are the files that `group` has put with this one. */
  examine(context: ExamineContext, parts: readonly SourceFile[]): void
}
