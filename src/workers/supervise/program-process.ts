import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { HookContext } from '../../engine/hook.ts'
import type { Clock } from '../../runtime/clock.ts'
import { type ExitStatus, exitStatusOf } from '../../runtime/exit-status.ts'
import { sendSignal } from '../../runtime/signals.ts'
import { explainSpawnError, type SpawnError } from '../../runtime/spawn-error.ts'
import { stopChild } from '../child.ts'
import { type LineSink, Lines } from './lines.ts'
import type { Program } from './program.ts'

/** Where a process runs, and where its output goes. */
export interface ProcessSurroundings {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isWindows: boolean
  readonly stdout: LineSink
  readonly stderr: LineSink
  /** Precedes each line of its output. */
  readonly prefix: string
}

/** How a process ended, and the last lines that it wrote to stderr. */
export interface ProcessEnd {
  readonly status: ExitStatus
  readonly stderr: readonly string[]
}

/**
 * Starts a process of a program. If it cannot start, returns `undefined` and calls `onError` a little
 * later.
 *
 * @param instance the number of the process, from 0
 */
export function startProcess(
  program: Program,
  instance: number,
  surroundings: ProcessSurroundings,
  onError: (error: SpawnError) => void,
): ProgramProcess | undefined {
  const { command, args, cwd } = program
  const { clock, env, isWindows } = surroundings
  const fail = (error: unknown) => onError(explainSpawnError(error, program))
  try {
    const child = spawn(command, args, {
      cwd,
      env: variablesOf(program, instance, env),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A separate session: Ctrl-C reaches only the supervisor, which stops programs in order.
      detached: !isWindows,
    })
    if (child.pid !== undefined) return new ProgramProcess(child, program, surroundings)
    child.once('error', fail)
  } catch (error) {
    clock.afterPoll(() => fail(error))
  }
  return undefined
}

function variablesOf(
  { stopWait, env }: Program,
  instance: number,
  inherited: ProcessSurroundings['env'],
): Record<string, string> {
  const all = {
    ...inherited,
    LASTCALL_INSTANCE: String(instance),
    ...(stopWait === undefined ? {} : { LASTCALL_GRACE: String(stopWait) }),
    ...env,
  }
  const isGiven = (entry: [string, unknown]): entry is [string, string] => entry[1] != null
  return Object.fromEntries(Object.entries(all).filter(isGiven))
}

/** One process of a program, from its start to its end. Its output is passed on line by line. */
export class ProgramProcess {
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>
  /** Resolves when it has ended, and all that it wrote has been passed on. */
  readonly over: Promise<ProcessEnd>
  /** If its group was stopped too: resolves once the group's later output is passed on. */
  groupOutput: Promise<void> = Promise.resolve()
  readonly #stdout: Lines
  readonly #stderr: Lines
  /** Settles when the stop is over; `undefined` if no stop has begun. */
  #stopped: Promise<void> | undefined

  constructor(
    private readonly child: ChildProcess,
    private readonly program: Program,
    private readonly surroundings: ProcessSurroundings,
  ) {
    const { stdout, stderr, prefix } = surroundings
    this.#stdout = new Lines(child.stdout as Readable, stdout, prefix)
    this.#stderr = new Lines(child.stderr as Readable, stderr, prefix)
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()))
    this.over = this.exited.then(() => this.#finish())
  }

  get pid(): number {
    return Number(this.child.pid)
  }

  /** Asks it to end, waits for that and for its output, and kills its group at the hook's limit. */
  async stop(name: string, context: HookContext): Promise<void> {
    const { group, stopSignal, exitCodes } = this.program
    const { clock, isWindows } = this.surroundings
    const settings = {
      name,
      stopSignal,
      signals: group ? 'group' : 'process',
      // The group is the program's own: nothing of it may survive.
      kills: isWindows ? 'process' : 'group',
      exitCodes,
    } as const
    const stopped = stopChild(this.child, settings, context, clock)
    this.#stopped = stopped.catch(() => {})
    await stopped
  }

  /** Kills it at once, with its process group. */
  kill(): void {
    try {
      sendSignal(this.surroundings.isWindows ? this.pid : -this.pid, 'SIGKILL')
    } catch {
      // It runs as another user by now, and cannot be killed from here.
    }
  }

  async #finish(): Promise<ProcessEnd> {
    await this.#drained()
    if (this.#stopped && this.program.group) {
      // The rest of the group is being stopped as well, and may still write something.
      this.groupOutput = this.#stopped.then(() => this.#drained()).then(() => this.#close())
    } else {
      // Leftover processes would disturb its successor, and nothing else would end them.
      this.kill()
      this.#close()
    }
    return { status: exitStatusOf(this.child), stderr: this.#stderr.last }
  }

  #drained(): Promise<unknown> {
    const { clock } = this.surroundings
    return Promise.all([this.#stdout.drained(clock), this.#stderr.drained(clock)])
  }

  #close(): void {
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.destroy()
  }
}
