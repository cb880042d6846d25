import type { Writable } from 'node:stream'
import { builtinModule } from './builtin-modules.ts'
import { exitCodeIn } from './exit-status.ts'
import { isHeldListener, originalOf } from './node/held-listeners.ts'
import { countAsReference } from './node/ipc-channel.ts'
import { noteOwnSignals } from './node/own-signals.ts'
import { onReallyExit } from './node/really-exit.ts'
import { callOthersAfterHooks } from './others-listeners.ts'
import { isInteractive, openOutputs, outputOf, writeToStderr } from './outputs.ts'
import { type SharedHooks, sharedHooks } from './shared-hooks.ts'
import { type SharedShutdowns, sharedShutdowns } from './shared-shutdowns.ts'
import { startThread, type Thread } from './thread.ts'

/** The process, for the rest of the library. Tests pass a fake. */
export interface ProcessPort {
  readonly pid: number
  readonly ppid: number
  readonly platform: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether stdin, stdout or stderr is a terminal. */
  readonly interactive: boolean
  readonly hasTerminalAsStderr: boolean
  /** The exit code that the application has set, 0 where it has set none. While the process exits: its code. */
  exitCode: number
  /** The shutdowns of this process, including those of other copies of this package. */
  readonly sharedShutdowns: SharedShutdowns
  /** How far these shutdowns are, and those that do not exit. */
  readonly sharedHooks: SharedHooks
  /** Nanoseconds of a clock that all threads share, and that only goes forward. */
  sharedTime(): bigint
  fileExists(path: string): boolean
  /** Adds a listener to an event. Returns a function that removes it. */
  on(event: string, listener: (...args: never[]) => void): () => void
  /** The same, but the listener is called before those that others have added already. */
  onFirst(event: string, listener: (...args: never[]) => void): () => void
  /** The listeners to an event that other code has added, but for those that wait for the hooks to end. */
  otherListeners(event: string): readonly unknown[]
  /** Whether a test runner runs this process. */
  readonly isTestRun: boolean
  /**
   * From now on, calls others' listeners to these signals when the last hook of all shutdowns has ended.
   * The promise that one returns is awaited; where it returns none, `idle()` is. Returns a function that
   * undoes it.
   */
  callOthersAfterHooks(signals: readonly string[], idle: () => Promise<unknown>): () => void
  /** From now on, tells which signals this process has sent itself. */
  noteOwnSignals(): OwnSignals
  /** Writes to stderr. Never throws. */
  warn(text: string): void
  /** stdout and stderr. */
  outputs(): Writable[]
  /** How many resources of each kind keep the event loop alive. Never throws. */
  activeResources(): Record<string, number>
  /**
   * Starts a thread that runs this program, with `data` as its `workerData`. It does not keep the process
   * alive. `undefined` if no thread can be started, or in a worker thread: its end is not the end of the
   * process.
   */
  startThread(program: string, data: unknown): Thread | undefined
  /** Starts a shell as a child process. Its input ends when this process ends. */
  startShell(script: string, args: readonly string[]): void
  /**
   * Calls `decide` at the last moment of every exit, after the `exit` listeners. The process exits with the
   * code that it returns. Returns a function that undoes this.
   */
  onLastMoment(decide: (code: number) => number): () => void
  /**
   * Ends the process. It returns or throws only if a test has replaced `process.exit()`, or if an `exit`
   * listener throws.
   */
  exit(code: number): void
  /** Whether `exit` listeners have been called: a test's replacement of `process.exit()` calls none. */
  readonly isExiting: boolean
}

/** The signals that this process has sent itself. */
export interface OwnSignals {
  /** Whether it has sent this one, which is now here. */
  isOwn(signal: string): boolean
  stop(): void
}

let hasExitBegun = false

/** The process itself. Only files of this folder touch it. */
export const systemProcess: ProcessPort = {
  get pid() {
    return process.pid
  },
  get ppid() {
    return process.ppid
  },
  get platform() {
    return process.platform
  },
  get env() {
    return process.env
  },
  get interactive() {
    return isInteractive()
  },
  get hasTerminalAsStderr() {
    return outputOf('stderr')?.isTTY === true
  },
  get exitCode() {
    return exitCodeIn(process.exitCode)
  },
  set exitCode(code) {
    process.exitCode = code
  },
  get sharedShutdowns() {
    return sharedShutdowns()
  },
  get sharedHooks() {
    return sharedHooks()
  },
  // Taken when the module loads: fake timers may replace it later.
  sharedTime: process.hrtime.bigint,
  fileExists: (path) => builtinModule('node:fs').existsSync(path),
  on: (event, listener) => listen(event, listener, 'on'),
  onFirst: (event, listener) => listen(event, listener, 'prependListener'),
  otherListeners: (event) =>
    process
      .rawListeners(event)
      .filter((raw) => !ourListeners().has(raw) && !isHeldListener(raw))
      .map(originalOf),
  get isTestRun() {
    const { NODE_ENV, VITEST, JEST_WORKER_ID, NODE_TEST_CONTEXT } = process.env
    return NODE_ENV === 'test' || [VITEST, JEST_WORKER_ID, NODE_TEST_CONTEXT].some(Boolean)
  },
  callOthersAfterHooks: (signals, idle) =>
    callOthersAfterHooks(signals, (listener) => ourListeners().has(listener), idle),
  noteOwnSignals,
  warn: writeToStderr,
  outputs: openOutputs,
  activeResources() {
    const counts: Record<string, number> = {}
    try {
      for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
    } catch {
      // Not every runtime has it, and tools replace it.
    }
    return counts
  },
  startThread,
  startShell(script, args) {
    try {
      const shell = builtinModule('node:child_process').spawn(
        '/bin/sh',
        ['-c', script, 'lastcall', ...args],
        { stdio: ['pipe', 'ignore', 'inherit'] },
      )
      shell.on('error', () => {}).unref()
      shell.stdin.on('error', () => {})
    } catch {
      // There is no shell, or the system starts no more processes.
    }
  },
  onLastMoment: (decide) => onReallyExit((code) => decide(exitCodeIn(code))),
  exit(code) {
    const mark = () => {
      hasExitBegun = true
    }
    // Before the other listeners: one of them may throw.
    process.prependListener('exit', mark)
    try {
      process.exit(code)
    } finally {
      process.off('exit', mark)
    }
  },
  get isExiting() {
    return hasExitBegun
  },
}

function listen(
  event: string,
  listener: (...args: never[]) => void,
  method: 'on' | 'prependListener',
): () => void {
  ourListeners().add(listener)
  ;(process as NodeJS.EventEmitter)[method](event, listener as () => void)
  // A `message` listener makes Node keep the process alive as long as its parent lives. Ours must not.
  if (event === 'message') countAsReference(false)
  return () => {
    if (event === 'message') countAsReference(true)
    process.off(event, listener as () => void)
  }
}

// Every copy and version of this package uses this symbol. The shape of its value never changes.
const LISTENERS = Symbol.for('lastcall.listeners.v1')

/** The listeners that all copies of this package have added to the process. */
export function ourListeners(): WeakSet<object> {
  const shared = globalThis as { [LISTENERS]?: WeakSet<object> }
  shared[LISTENERS] ??= new WeakSet()
  return shared[LISTENERS]
}

/** The path of the Node program that runs this process. */
export function nodeProgram(): string {
  return process.execPath
}
