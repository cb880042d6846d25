/**
 * The states of a process under supervision, as supervisord has them
 * (http://supervisord.org/subprocess.html#process-states).
 */
export type ProcessState =
  /** It was not started yet, or has been stopped. */
  | 'STOPPED'
  /** It was started, and has not been up for `startSeconds` yet. */
  | 'STARTING'
  /** It has been up for `startSeconds`. */
  | 'RUNNING'
  /** It ended before that, and is started again after a delay. */
  | 'BACKOFF'
  /** It was told to end. */
  | 'STOPPING'
  /** It ended by itself from RUNNING; it may be started again. */
  | 'EXITED'
  /** It could not be started in all of its tries. */
  | 'FATAL'

/** A change of state. */
export interface StateChange {
  /** What it is called: the program's name, and its number where there are several, such as `web:1`. */
  readonly name: string
  readonly program: string
  readonly from: ProcessState
  readonly to: ProcessState
  /** `null` where no process could be started. */
  readonly pid: number | null
  /** The exit code with which it has ended; `null` where it has not, or by a signal. */
  readonly exitCode: number | null
  /** The signal that has ended it. */
  readonly signal: NodeJS.Signals | null
  /** What is wrong, in one line; `null` where nothing is. */
  readonly problem: string | null
  /** The last lines that it wrote to stderr, where something is wrong. */
  readonly stderr: readonly string[]
  /** Milliseconds until it is started again; `null` where it is not. */
  readonly restartIn: number | null
}
