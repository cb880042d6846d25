import { type ChildProcess, spawn } from 'node:child_process'
import { basename } from 'node:path'
import { createShutdown, detectPlatform } from '../create-shutdown.ts'
import { budgetOf } from '../engine/budget.ts'
import type { HookContext } from '../engine/hook.ts'
import { systemClock } from '../runtime/clock.ts'
import { exitStatusOf, shellCodeOf } from '../runtime/exit-status.ts'
import { systemProcess } from '../runtime/process.ts'
import { sendSignal } from '../runtime/signals.ts'
import { explainSpawnError } from '../runtime/spawn-error.ts'
import { hasEnded, stopChild } from '../workers/child.ts'
import { CODES, Failure, PROBLEM_LOG } from './failure.ts'
import { OTHER_SIGNALS, STOP_SIGNALS } from './options.ts'
import { terminal } from './terminal.ts'

export interface WrapOptions {
  /** In milliseconds; `undefined` for the grace of the platform. */
  readonly grace: number | undefined
  readonly rewrites: ReadonlyMap<NodeJS.Signals, NodeJS.Signals>
  /** Whether signals go to the whole process group. */
  readonly group: boolean
  readonly onStart: () => void
}

/** The longest margin, in milliseconds: lastcall has little to do for its own exit. */
const MAX_MARGIN = 250

/** No exit code counts as a failed stop: lastcall exits with the same code. */
const ANY_EXIT_CODE: ReadonlySet<number> = new Set(Array.from({ length: 256 }, (_, code) => code))

/**
 * Runs one program as a PID 1 should: passes signals on, and kills it when the grace is over. Returns its
 * exit code, or 128 + the number of the signal that ended it.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: WrapOptions,
): Promise<number> {
  const { grace = detectPlatform().grace, rewrites, group } = options
  const margin = Math.min(Math.floor(budgetOf(grace, undefined, 'platform').margin), MAX_MARGIN)
  const shutdown = createShutdown({
    grace,
    margin,
    // The program decides what a second press means.
    signals: { on: STOP_SIGNALS, forceOn: [] },
    exit: false,
    log: PROBLEM_LOG,
  })
  const rewritten = (signal: NodeJS.Signals) => rewrites.get(signal) ?? signal
  // Listen before the program starts: an earlier signal would end only this process.
  const stopListening = shutdown.listen()
  let program: ChildProcess | undefined
  const forward = (signal: NodeJS.Signals) => {
    if (!program || hasEnded(program)) return
    try {
      sendSignal(group ? -Number(program.pid) : Number(program.pid), rewritten(signal))
    } catch (error) {
      terminal.printError(`${signal} could not be passed on: ${(error as Error).message}`)
    }
  }
  const removeListeners = OTHER_SIGNALS.map((signal) =>
    systemProcess.on(signal, () => forward(signal)),
  )
  const child = await startProgram(command, args, group, grace - margin)
  program = child
  // A relay passes everything on, however soon it comes: a program may ignore SIGINT and save at SIGTERM.
  shutdown.on('repeat', ({ signal }) => {
    const isFromTerminal = signal === 'SIGINT' && systemProcess.interactive && !group
    if (STOP_SIGNALS.includes(signal) && !isFromTerminal) forward(signal)
  })
  const name = basename(command)
  const to = group ? 'group' : 'process'
  const run = (context: HookContext) => {
    const { reason } = context
    const stopSignal = rewritten(reason.kind === 'signal' ? reason.signal : 'SIGTERM')
    const settings = { name, stopSignal, signals: to, kills: to, exitCodes: ANY_EXIT_CODE } as const
    return stopChild(child, settings, context, systemClock)
  }
  shutdown.add({ name, phase: 'stop', run })
  options.onStart()

  if (!hasEnded(child)) await new Promise((resolve) => child.once('exit', resolve))
  const report = shutdown.signal.aborted ? await shutdown.now() : undefined
  stopListening()
  for (const remove of removeListeners) remove()
  // The program may have ended in time while the rest of its group was killed.
  if (report?.outcome === 'cut off') return CODES.killed
  return shellCodeOf(exitStatusOf(child))
}

function startProgram(
  command: string,
  args: readonly string[],
  group: boolean,
  grace: number,
): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => {
      const { exitCode, message } = explainSpawnError(error, { command, args, cwd: undefined })
      reject(new Failure(exitCode, message))
    }
    try {
      const env = { ...systemProcess.env, LASTCALL_GRACE: String(grace) }
      const child = spawn(command, args, { stdio: 'inherit', env, detached: group })
      if (child.pid === undefined) child.once('error', refuse)
      else resolve(child)
    } catch (error) {
      refuse(error)
    }
  })
}
