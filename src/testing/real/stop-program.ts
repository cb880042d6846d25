import { formatDuration } from '../../base/duration.ts'
import type { LastcallError } from '../../base/errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { parseCommand, showCommand } from './command.ts'
import type { ProgramSettings, Stopped } from './options.ts'
import { endedEarly, notReady, StartedProgram, type StartMethod } from './program.ts'
import { untilReady } from './ready.ts'

/** A grace of this many milliseconds or less was most likely meant in seconds; `createShutdown()` refuses it. */
const SHORTEST_GRACE = 100

/** How a platform starts and stops programs. */
export interface StopMethod extends StartMethod {
  /** Stops the program: sends the signal, waits, and kills it. */
  stop(program: StartedProgram, stopping: Stopping): Promise<void>
}

/** What `stop()` receives. */
export interface Stopping {
  /** Milliseconds. */
  readonly grace: number
  /** Milliseconds since the beginning of the stop. */
  passed(): number
  /** Adds a line to the notes. */
  note(text: string): void
  /** Notes that a signal cannot make the program exit with a code: if it does, it has ended by itself. */
  exitIsItsOwn(): void
  /** Kills the program and all that it has started: its time is over. */
  kill(): Promise<void>
}

/**
 * Starts a program, waits until it is ready, stops it and returns how it ended. All its processes have ended then.
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`, `LASTCALL_NOT_READY` or `LASTCALL_ENDED_EARLY`
 */
export async function stopProgram(
  command: unknown,
  settings: ProgramSettings,
  method: StopMethod,
): Promise<Stopped> {
  const words = parseCommand(command)
  const { signal } = settings
  if (signal?.aborted) throw givenUp(showCommand(words), signal)
  const program = await StartedProgram.start(words, settings, method)
  const giveUp = () => program.family.end()
  signal?.addEventListener('abort', giveUp)
  if (signal?.aborted) giveUp()
  try {
    await untilStoppable(program, settings)
    signal?.throwIfAborted()
    const stopped = await stopAsPlatform(program, method, settings.grace)
    signal?.throwIfAborted()
    return stopped
  } catch (error) {
    await program.end()
    if (signal?.aborted) throw givenUp(program.name, signal, outputOf(program))
    throw error instanceof Problem ? asError(error, program) : error
  } finally {
    signal?.removeEventListener('abort', giveUp)
    await program.end()
  }
}

/** Why a program cannot be stopped. All its output is known, and reported, when its processes have ended. */
export class Problem {
  constructor(
    readonly code: 'LASTCALL_NOT_READY' | 'LASTCALL_ENDED_EARLY',
    readonly why: string,
    /** What else to say of its end. */
    readonly more?: string,
  ) {}
}

function asError({ code, why, more }: Problem, program: StartedProgram): LastcallError {
  const output = outputOf(program)
  if (code === 'LASTCALL_ENDED_EARLY') return endedEarly(program, why, output, more)
  return notReady(program.name, why, output)
}

/** Resolves when it can be stopped. Rejects with the problem if it never can. */
async function untilStoppable(program: StartedProgram, settings: ProgramSettings): Promise<void> {
  const problem = await untilReady(program, settings, systemClock)
  if (program.hasEnded && problem !== undefined) {
    throw hasEndedEarly(program, 'has ended before it was ready')
  }
  if (problem !== undefined) throw new Problem('LASTCALL_NOT_READY', problem)
  program.family.findDescendants()
  // The promise of `onReady` may never settle, for example where the program has ended.
  const { onReady, readyWithin } = settings
  let isDone = false
  const done = Promise.resolve(onReady(program)).then(() => {
    isDone = true
  })
  done.catch(() => {}) // It may reject after the race is over.
  await Promise.race([done, program.endsWithin(readyWithin)])
  if (await program.endsByItself()) {
    throw hasEndedEarly(program, 'has ended by itself, before it could be stopped')
  }
  if (isDone) return
  throw new Problem(
    'LASTCALL_NOT_READY',
    `could not be stopped: \`onReady\` has not settled within ${formatDuration(readyWithin)}; is \`readyWithin\` long enough?`,
  )
}

function hasEndedEarly({ family }: StartedProgram, why: string): Problem {
  // Perhaps it has turned into a daemon.
  const rest = family.isAlive()
    ? `what it started still ran, and was killed: ${family.names()}; let it stay in the foreground`
    : undefined
  return new Problem('LASTCALL_ENDED_EARLY', why, rest)
}

async function stopAsPlatform(
  program: StartedProgram,
  method: StopMethod,
  grace: number,
): Promise<Stopped> {
  const notes: string[] = []
  const began = systemClock.now()
  let wasKilled = false
  let isOwnExit = false
  await method.stop(program, {
    grace,
    passed: () => systemClock.now() - began,
    note: (text) => void notes.push(text),
    exitIsItsOwn: () => {
      isOwnExit = true
    },
    kill: async () => {
      wasKilled = true
      if (grace <= SHORTEST_GRACE) {
        notes.push(
          `only ${formatDuration(grace)} were granted; a number is milliseconds: for ten seconds write '10s'`,
        )
      }
      program.family.signal('SIGKILL')
      await program.ended
    },
  })
  if (isOwnExit && !wasKilled && program.status?.code !== null) {
    const why = notes[0] ?? 'it has no handler for the signal, which would have ended it'
    throw new Problem('LASTCALL_ENDED_EARLY', 'has ended by itself', why)
  }
  // Processes that were killed together with it do not count as left behind.
  const leftBehind = !wasKilled && program.family.isAlive()
  if (leftBehind) notes.push(`left behind, and killed: ${program.family.names()}`)
  await program.end()
  return Object.freeze({
    code: program.status?.code ?? null,
    signal: program.status?.signal ?? null,
    killed: wasKilled,
    elapsed: program.endedAt - began,
    stdout: program.stdout,
    stderr: program.stderr,
    leftBehind,
    notes: Object.freeze(notes),
  })
}

function givenUp(name: string, { reason }: AbortSignal, output?: string): LastcallError {
  const why = `was given up, for \`signal\` has aborted: ${String(reason)}`
  return Object.assign(notReady(name, why, output), { cause: reason })
}

/** The end of the program's output. Most often it explains the error. */
function outputOf({ stdout, stderr }: StartedProgram): string {
  const endOf = (text: string) => (text.length > 4000 ? `…${text.slice(-4000)}` : text)
  return Object.entries({ stdout, stderr })
    .map(([name, text]) => `\n--- ${name} ---\n${endOf(text) || '(nothing)'}`)
    .join('')
}
