import type { SourceFile } from '../parse/source.ts'

/** What a command may name: the scripts of package.json, and shell scripts. */
export interface LaunchContext {
  npmScript(name: string): string | undefined
  shellScript(path: string): SourceFile | undefined
  /** Whether whoever starts it waits for it: what goes into the background is over then. */
  readonly inFront: boolean
  /** Whether a shell is there anyhow, as npm brings one: then a single command is none of its doing. */
  readonly bringsShell: boolean
}
