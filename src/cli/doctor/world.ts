import type { ShutdownCall } from './application.ts'
import type { Draft } from './finding.ts'
import type { LaunchContext } from './launch/launch-context.ts'
import type { SourceFile } from './parse/source.ts'

/** What the application may take from the stop signal to its end, and where that is said. */
export interface Grace {
  /** In milliseconds. */
  readonly value: number
  /** `grace: '25s' in src/server.ts:4`, for whoever reads it. */
  readonly from: string
}

/** How a file starts commands. */
export interface Around {
  readonly inFront?: boolean
  readonly bringsShell?: boolean
  /** Where in an image the files of its context stand. */
  readonly copies?: ReadonlyMap<string, string>
}

/** What an examiner of one kind is handed: what is known of the application, and where to tell what it finds. */
export interface World {
  /** `assumed` is what the library assumes on that platform; `undefined` where the grace is not to be known. */
  grace(file: SourceFile, assumed: number | undefined, platform: string): Grace | undefined
  /** The signals that start its shutdown; `undefined` where that is not to be known. */
  signals(file: SourceFile): readonly string[] | undefined
  /** The shutdowns that belong to a file. */
  shutdowns(file: SourceFile): readonly ShutdownCall[]
  /** The longest that a lame duck may last, in milliseconds. */
  lameDuck(file: SourceFile): number
  /** Whether a source tells that it is ready; `undefined` where there are no sources. */
  readonly saysReady: boolean | undefined
  /** What a command that the file starts may name. */
  around(file: SourceFile, options?: Around): LaunchContext
  report(report: Draft): void
  /** What could not be read: it counts as failure. */
  unread(path: string, why: string, line?: number): void
  /** What was left out, and why. */
  note(path: string, text: string): void
}
