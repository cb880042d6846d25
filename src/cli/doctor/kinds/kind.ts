import type { ExamineContext } from '../examine-context.ts'
import type { SourceFile } from '../parse/source.ts'

/** A kind of file that says something about how an application is stopped. */
export interface Kind {
  /** Its name in the summary: `Compose`. */
  readonly name: string
  /** The noun for one of its files: `Compose file`. */
  readonly noun: string
  /** Whether a file with this path is of this kind. */
  isPath(path: string): boolean
  /**
   * Whether a file with this text is of this kind, if the path says too little, such as `.yaml`. Such a
   * kind gets only files that no kind without `isContent` claims by path.
   */
  isContent?(text: string): boolean
  /** If files are read together: each main file with its parts. */
  group?(paths: readonly string[]): ReadonlyMap<string, readonly string[]>
  /** Reports what breaks the stop. `parts` are the files that `group` has put with this one. */
  examine(context: ExamineContext, parts: readonly SourceFile[]): void
}
