import type { SourceFile } from '../parse/source.ts'

/** Where a command is started, and what it may refer to. */
export interface LaunchContext {
  /** The text of a script of package.json. */
  npmScript(name: string): string | undefined
  shellScript(path: string): SourceFile | undefined
  /** Whether it is the main command of a container, which ends when the command returns. */
  readonly inContainer: boolean
  /** Whether it runs in a shell anyway, as npm runs scripts. A single command then needs no `exec`. */
  readonly runsInShell: boolean
}
