import { type ChildProcess, spawn } from 'node:child_process'
import { basename } from 'node:path'
import { createShutdown, detectPlatform } from '../create-shutdown.ts'
import { budgetOf } from '../engine/budget.ts'
import type { HookContext } from '../engine/hook.ts'
import { systemClock } from '../runtime/clock.ts'
import { systemProcess } from '../runtime/process.ts'
import { sendSignal } from '../runtime/signals.ts'
import { explainSpawnError } from '../runtime/spawn-error.ts'
import { hasEnded, type StopSettings, stopChild } from '../workers/child.ts'
import { codeOf } from '../workers/exit-status.ts'
import { CODES, Failure, PROBLEMS } from './failure.ts'
import { OTHER_SIGNALS, STOP_SIGNALS } from './passed-on.ts'
import { terminal } from './terminal.ts'

/** How one program is wrapped. */
export interface WrapOptions {
  /** What the platform grants, in milliseconds; `undefined` for what is known of it. */
  readonly grace: number | undefined
  readonly rewrites: ReadonlyMap<NodeJS.Signals, NodeJS.Signals>
  /** Whether its whole process group is signalled. */
  readonly group: boolean
  readonly onStart: () => void
}

/** What is kept of the grace for this process's own end, at most, in milliseconds: it has little to do. */
const MARGIN = 250

/**
 * Runs one program, as a PID 1 should: signals are passed on, it is killed at the limit, and its exit
 * code, or 128 + the signal that has ended it, is returned.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: WrapOptions,
): Promise<number> {
  const { grace = detectPlatform().grace, rewrites, group } = options
  const margin = Math.min(budgetOf(grace, undefined).margin, MARGIN)
  const shutdown = createShutdown({
    grace,
    margin,
    signals: STOP_SIGNALS,
    forceOn: [], // The program decides what a second press means.
    exit: false,
    log: PROBLEMS,
  })
  const as = (signal: NodeJS.Signals) => rewrites.get(signal) ?? signal
  // Before it starts: a signal that comes at once would end this process alone.
  const undo = shutdown.listen()
  let program: ChildProcess | undefined
  const pass = (signal: NodeJS.Signals) => {
    if (!program || hasEnded(program)) return
    try {
      sendSignal(group ? -Number(program.pid) : Number(program.pid), as(signal))
    } catch (error) {
      terminal.complain(`${signal} could not be passed on: ${(error as Error).message}`)
    }
  }
  const unlisten = OTHER_SIGNALS.map((signal) => systemProcess.on(signal, () => pass(signal)))
  const child = await start(command, args, group, grace - margin)
  program = child
  shutdown.on('repeat', ({ signal, samePress }) => {
    const isFromTerminal = signal === 'SIGINT' && systemProcess.interactive && !group
    if (STOP_SIGNALS.includes(signal) && !samePress && !isFromTerminal) pass(signal)
  })
  const run = (context: HookContext) => {
    const { reason } = context
    const stopSignal = as(reason.kind === 'signal' ? reason.signal : 'SIGTERM')
    return stopChild(child, settingsOf(command, stopSignal, group), context, systemClock)
  }
  shutdown.add({ name: basename(command), phase: 'stop', run })
  options.onStart()

  if (!hasEnded(child)) await new Promise((resolve) => child.once('exit', resolve))
  const report = shutdown.signal.aborted ? await shutdown.now() : undefined
  undo()
  for (const take of unlisten) take()
  // Its group may have been killed when it had ended itself.
  if (report?.outcome === 'cut off') return CODES.killed
  return child.exitCode ?? codeOf(child.signalCode as NodeJS.Signals)
}

function start(
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

function settingsOf(name: string, stopSignal: NodeJS.Signals, group: boolean): StopSettings {
  const to = group ? 'group' : 'process'
  return {
    name: basename(name),
    stopSignal,
    signals: to,
    kills: to,
    // Whatever it exits with is passed on, and needs no comment.
    exitCodes: new Set(Array.from({ length: 256 }, (_, code) => code)),
  }
}
