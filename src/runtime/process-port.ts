import type { Writable } from 'node:stream'
import type { SharedShutdowns } from './shared-shutdowns.ts'

/** The process, as the rest of the library is handed it. */
export interface ProcessPort {
  readonly pid: number
  readonly ppid: number
  readonly platform: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether somebody sits at a terminal in front of it. */
  readonly interactive: boolean
  /** Whether stderr is a terminal, and people read what is written there. */
  readonly hasTerminalAsStderr: boolean
  /** The code that the application has set for itself; 0 where it has set none. */
  readonly exitCode: number
  /** Where the shutdowns of this process, of every copy of the package, find each other. */
  readonly sharedShutdowns: SharedShutdowns
  /** Nanoseconds of a clock that all threads have in common, and that nobody sets. */
  sharedTime(): bigint
  fileExists(path: string): boolean
  /** Calls back for every event of that name; returns a way to take it back. */
  on(event: string, listener: (...args: never[]) => void): () => void
  /** Keeps Node from warning of a leak when many listen to this signal. */
  expectListeners(signal: AbortSignal): void
  /** Writes to stderr. */
  warn(text: string): void
  /** stdout and stderr. */
  outputs(): Writable[]
  /** What keeps the event loop going, by kind, and how many there are of each. */
  activeResources(): Record<string, number>
  /**
   * Starts a thread that runs this program, with this as its `workerData`, and that keeps no process
   * alive; `undefined` where none can be started, and in a thread: what ends there is not the process.
   */
  startThread(program: string, data: unknown): Thread | undefined
  /** Starts a shell beside the process: the end of its input is the end of the process. */
  startShell(script: string, args: readonly string[]): void
  /** Returns, or throws, where something stands in for it, and where a listener of `exit` throws. */
  exit(code: number): void
  /** Whether it was no stand-in: listeners of `exit` have been called. */
  readonly isExiting: boolean
  /** Has an exit that is under way end with this code, where it would end with 0. */
  failWith(code: number): void
}

export interface Thread {
  /** Whether the process has had threads that are not ours: they may be there still. */
  hasOtherThreads(): boolean
  end(): void
}
