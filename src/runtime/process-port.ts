import type { Writable } from 'node:stream'
import type { SharedShutdowns } from './shared-shutdowns.ts'
import type { Thread } from './thread.ts'

/** The process, for the rest of the library. Tests pass one that they made up. */
export interface ProcessPort {
  readonly pid: number
  readonly ppid: number
  readonly platform: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether a person sits at a terminal in front of it. */
  readonly interactive: boolean
  /** Whether stderr is a terminal, so that people read what is written there. */
  readonly hasTerminalAsStderr: boolean
  /** The exit code that the application has set. 0 where it has set none. */
  readonly exitCode: number
  /** The shutdowns of this process, those of other copies of this package among them. */
  readonly sharedShutdowns: SharedShutdowns
  /** Nanoseconds of a clock that all threads share, and that only goes forward. */
  sharedTime(): bigint
  fileExists(path: string): boolean
  /** Adds a listener to an event. Returns a function that removes it. */
  on(event: string, listener: (...args: never[]) => void): () => void
  /** Keeps Node from warning of a leak when this signal has many listeners. */
  expectListeners(signal: AbortSignal): void
  /** Writes to stderr. */
  warn(text: string): void
  /** stdout and stderr. */
  outputs(): Writable[]
  /** What keeps the event loop going: how many there are of each kind. */
  activeResources(): Record<string, number>
  /**
   * Starts a thread that runs this program, with `data` as its `workerData`. It does not keep the process
   * alive. `undefined` where no thread can be started, and in a thread: there, the end of the thread is
   * not the end of the process.
   */
  startThread(program: string, data: unknown): Thread | undefined
  /** Starts a shell as a child process. Its input ends when this process ends. */
  startShell(script: string, args: readonly string[]): void
  /**
   * Ends the process. It returns or throws only where a test has replaced `process.exit()`, or where a
   * listener to `exit` throws.
   */
  exit(code: number): void
  /** Whether an exit has begun: the listeners to `exit` have been called, so it was no replacement. */
  readonly isExiting: boolean
  /** Lets an exit that has begun end with this code, if its code would be 0. */
  failWith(code: number): void
}
