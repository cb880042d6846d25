/**
 * The states of a process under supervision, with the names of supervisord
 * (http://supervisord.org/subprocess.html#process-states).
 */
export type ProcessState =
  /** It has not been started, or has been stopped. */
  | 'STOPPED'
  /** It was started, and has been up for less than `startFor`. */
  | 'STARTING'
  /** It has been up for `startFor`. */
  | 'RUNNING'
  /** It ended while STARTING, and is started again after a delay. */
  | 'BACKOFF'
  /** It was asked to end, and still runs. */
  | 'STOPPING'
  /** It ended by itself while RUNNING; it may be started again. */
  | 'EXITED'
  /** All tries to start it failed. */
  | 'FATAL'

/** A change of state. */
export interface StateChange {
  /** The program's name, with a number where it has several processes, such as `web:1`. */
  readonly name: string
  readonly program: string
  readonly from: ProcessState
  readonly to: ProcessState
  /** `null` where no process could be started. */
  readonly pid: number | null
  /** Its exit code; `null` where it has not ended, or a signal ended it. */
  readonly exitCode: number | null
  /** The signal that ended it; `null` where none did. */
  readonly signal: NodeJS.Signals | null
  /** What is wrong, in one line; `null` where all is well. */
  readonly problem: string | null
  /** The last lines that it wrote to stderr, where something is wrong. */
  readonly stderr: readonly string[]
  /** Milliseconds until it is started again; `null` where it will not be. */
  readonly restartIn: number | null
}
