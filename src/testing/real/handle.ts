import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { ExitStatus } from '../../runtime/exit-status.ts'
import type { Words } from './command.ts'
import { Family } from './family.ts'
import { Guard } from './guard.ts'

/** A started process, alone or in a terminal. */
export interface ProgramHandle {
  readonly pid: number
  /** Whether it runs in a real terminal. */
  readonly hasTerminal: boolean
  /** The process, and all that it starts. */
  readonly family: Family
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exited: Promise<ExitStatus>
  /** Resolves when it has ended, and its output has arrived. */
  readonly written: Promise<unknown>
  /** Sends a message through its channel, where it has one. */
  send(message: string): void
  /** Presses Ctrl-C. Without a terminal, sends SIGINT to the group. */
  pressCtrlC(): void
  /** Frees its resources, once all its processes have ended. Resolves when its outputs have ended. */
  release(): Promise<unknown>
}

/** How a process is started. */
export interface StartOptions {
  readonly words: Words
  readonly cwd: string | undefined
  readonly env: Readonly<Record<string, string>>
  /** The value of the variable that marks all its processes. */
  readonly mark: string
}

/** Starts a process in a separate session. Rejects with the system's error where that fails. */
export async function startAlone(
  { words: [command, ...args], cwd, env, mark }: StartOptions,
  hasChannel: boolean,
): Promise<ProgramHandle> {
  // Before the program starts: the test's process may be killed at any moment.
  const guard = new Guard(mark)
  try {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
      // Signals to the test's own group must not reach it, and its own group can be killed as one.
      detached: true,
    })
    if (child.pid !== undefined) guard.watch(new Family(child.pid, mark))
    await isRunning(child)
    return handleOf(child, guard)
  } catch (error) {
    guard.end()
    throw error
  }
}

function handleOf(child: ChildProcess, guard: Guard): ProgramHandle {
  const family = guard.family as Family
  const closed = new Promise((resolve) => child.once('close', resolve))
  return {
    pid: Number(child.pid),
    hasTerminal: false,
    family,
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    exited: new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    }),
    written: closed,
    send: (message) => void (child.connected && child.send(message, () => {})),
    pressCtrlC: () => family.signalGroup('SIGINT'),
    release() {
      guard.end()
      if (child.connected) child.disconnect()
      return closed
    },
  }
}

/** Resolves when the child runs. Rejects where it could not be started. */
export async function isRunning(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    // The listener stays: later errors are messages that failed.
    child.on('error', reject)
  })
}
