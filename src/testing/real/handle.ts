import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Words } from './command.ts'
import { Family } from './family.ts'
import { guard } from './guard.ts'

/** How a process ended. */
export interface ProgramExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that was started, in whichever way. */
export interface ProgramHandle {
  readonly pid: number
  /** It, and all that it will have started. */
  readonly family: Family
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exited: Promise<ProgramExit>
  /** Resolves when it has ended, and what it has written has come in. */
  readonly written: Promise<unknown>
  /** Sends a message by its channel, where it has one. */
  send(message: string): void
  /** Presses Ctrl-C at the terminal in front of it. */
  pressCtrlC(): void
  /** Lets go of it, where nobody of it is left; resolves when its outputs have come to their end. */
  release(): Promise<unknown>
}

/** What is started. */
export interface StartOptions {
  readonly words: Words
  readonly cwd: string | undefined
  readonly env: Readonly<Record<string, string>>
  /** What all that it starts bears. */
  readonly mark: string
}

/** Starts a process in a session of its own; rejects with the system's error where it can't. */
export async function startAlone(
  { words: [command, ...args], cwd, env, mark }: StartOptions,
  hasChannel: boolean,
): Promise<ProgramHandle> {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
    // Nothing that ends the test's own group or terminal may reach it first, and it is ended whole.
    detached: true,
  })
  await hasBegun(child)
  const pid = Number(child.pid)
  const family = new Family(pid, mark)
  const endGuard = guard(family)
  const closed = new Promise((resolve) => child.once('close', resolve))
  return {
    pid,
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
      endGuard()
      if (child.connected) child.disconnect()
      return closed
    },
  }
}

/** Resolves when it runs; rejects where it can't. */
export async function hasBegun(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    // Later ones tell of messages that could not be sent.
    child.on('error', reject)
  })
}
