import { formatDuration } from '../../base/duration.ts'
import { LastcallError } from '../../base/errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { parseCommand, showCommand, type Words } from './command.ts'
import type { Environment } from './environment.ts'
import type { ProgramExit } from './handle.ts'
import type { Settings, Stopped } from './options.ts'
import { Program } from './program.ts'
import { untilReady } from './ready.ts'

/** No more than this is most often meant to be seconds. In milliseconds; `createShutdown()` refuses it. */
const SHORT = 100

/** A way to stop programs: what a preset consists of. */
export interface StopMethod {
  /** The variables by which programs know it. */
  readonly env: Environment
  /** Whether its programs have a channel for messages, or a terminal. Default: neither. */
  readonly by?: 'channel' | 'terminal'
  /** What is started in place of the program, where something has to come before it. */
  wrap?(words: Words): Words
  /** Stops it: tells it to end, and waits, and kills it. */
  stop(program: Program, stopping: Stopping): Promise<void>
}

/** What a way of stopping is handed. */
export interface Stopping {
  /** Milliseconds. */
  readonly grace: number
  /** Milliseconds since the stop has begun. */
  passed(): number
  /** Puts a line into the account. */
  note(text: string): void
  /** Ends it and all that it has started, because its time is over. */
  kill(): Promise<void>
}

/**
 * Starts a program, waits until it is ready, stops it and tells how it ended. Nothing of it is left.
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` or `LASTCALL_NOT_READY`
 */
export async function stopProgram(
  command: unknown,
  settings: Settings,
  platform: StopMethod,
): Promise<Stopped> {
  const words = parseCommand(command)
  const { cwd, env, signal, grace } = settings
  if (signal?.aborted) throw givenUp(showCommand(words), signal)
  const program = await Program.start({
    words,
    wrapped: platform.wrap?.(words) ?? words,
    cwd,
    platform: platform.env,
    env,
    ...(platform.by && { by: platform.by }),
  })
  const giveUp = () => program.family.end()
  signal?.addEventListener('abort', giveUp)
  if (signal?.aborted) giveUp()
  try {
    const problem = await untilStoppable(program, settings)
    signal?.throwIfAborted()
    if (problem !== undefined) {
      await program.end()
      throw notReady(program, problem)
    }
    const account = await stopAsPlatform(program, platform, grace)
    signal?.throwIfAborted()
    return account
  } catch (error) {
    if (!signal?.aborted) throw error
    await program.end()
    throw givenUp(program.name, signal, toldBy(program))
  } finally {
    signal?.removeEventListener('abort', giveUp)
    await program.end()
  }
}

/** Resolves when it may be stopped, or with why that will never be. */
async function untilStoppable(program: Program, settings: Settings): Promise<string | undefined> {
  const problem = await untilReady(program, settings, systemClock)
  if (problem !== undefined) return problem
  program.family.look()
  // What is begun here may never settle, most of all once the program has ended.
  let isDone = false
  const done = Promise.resolve(settings.onReady(program)).then(() => {
    isDone = true
  })
  done.catch(() => {}) // It may fail when nobody waits any more.
  await Promise.race([done, program.endsWithin(settings.readyWithin)])
  if (program.hasEnded) return 'has ended by itself, before it could be stopped'
  return isDone
    ? undefined
    : `could not be stopped: \`onReady\` has not settled within ${formatDuration(settings.readyWithin)}; is \`readyWithin\` long enough?`
}

async function stopAsPlatform(
  program: Program,
  platform: StopMethod,
  grace: number,
): Promise<Stopped> {
  const notes: string[] = []
  const began = systemClock.now()
  let wasKilled = false
  await platform.stop(program, {
    grace,
    passed: () => systemClock.now() - began,
    note: (text) => void notes.push(text),
    kill: async () => {
      wasKilled = true
      if (grace <= SHORT) {
        notes.push(
          `only ${formatDuration(grace)} were granted; a number is milliseconds: for ten seconds write '10s'`,
        )
      }
      program.family.signal('SIGKILL')
      await program.ended
    },
  })
  // Whoever was killed together with it is not what it has left behind.
  const leftBehind = !wasKilled && program.family.isAlive()
  if (leftBehind) notes.push(`left behind, and killed: ${program.family.names()}`)
  await program.end()
  return Object.freeze({
    code: program.ending?.code ?? null,
    signal: program.ending?.signal ?? null,
    killed: wasKilled,
    elapsed: program.endedAt - began,
    stdout: program.stdout,
    stderr: program.stderr,
    leftBehind,
    notes: Object.freeze(notes),
  })
}

function notReady(program: Program, problem: string): LastcallError {
  const { ending } = program
  const how = ending?.signal === 'SIGKILL' ? '' : ` (${showEnding(ending)})`
  return new LastcallError(
    'LASTCALL_NOT_READY',
    `The program \`${program.name}\` ${problem}${how}.${toldBy(program)}`,
  )
}

function givenUp(name: string, { reason }: AbortSignal, told = ''): LastcallError {
  const error = new LastcallError(
    'LASTCALL_NOT_READY',
    `The program \`${name}\` was given up, for \`signal\` has aborted: ${String(reason)}.${told}`,
  )
  error.cause = reason
  return error
}

/** What the program has written: most often that says why. */
function toldBy({ stdout, stderr }: Program): string {
  return Object.entries({ stdout, stderr })
    .map(([name, text]) => `\n--- ${name} ---\n${lastOf(text)}`)
    .join('')
}

export function showEnding(ending: ProgramExit | undefined): string {
  return ending?.signal ?? `exit code ${ending?.code}`
}

/** What an error has room for. */
function lastOf(text: string): string {
  const most = 4000
  if (text === '') return '(nothing)'
  return text.length > most ? `…${text.slice(-most)}` : text
}
