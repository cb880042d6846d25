import { basename } from 'node:path'
import {
  inCall,
  invalidOption,
  optionNames,
  refusal,
  refuseUnknownOptions,
  show,
} from '../base/errors.ts'
import type { Hook } from '../engine/hook.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { parseSignal } from '../runtime/signals.ts'
import { type ChildProcessLike, hasEnded, type StopSettings, stopChild } from './child.ts'
import { parseExitCodes } from './expected-exit.ts'
import { isGroup } from './process-group.ts'
import { type StopHookOptions, stopHook } from './stop.ts'

/** Options of `childProcess()`; all have defaults. */
export interface ChildProcessOptions extends StopHookOptions {
  /** The hook's name, for reports. Default: the program and its pid, such as `node 4711`. */
  readonly name?: string | undefined
  /** The signal that asks it to end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals | undefined
  /**
   * A message that asks it to end, sent through the channel that `fork()` opens, in place of the
   * signal. A child that uses this library listens to `'shutdown'`. If the channel is closed, the
   * signal is sent.
   */
  readonly stopMessage?: unknown
  /**
   * Whether to signal and kill its whole process group. The child must lead one: `spawn(…, {
   * detached: true })`. Default false.
   */
  readonly group?: boolean | undefined
}

/**
 * The hook that ends a child process: it sends the stop signal or a message, waits, and sends SIGKILL
 * at the limit. If the child has ended, it does nothing. A child that the platform has signalled
 * together with its parent (Ctrl-C in a terminal, systemd, Heroku, PM2) gets no second signal before
 * half of the time is over.
 *
 * @example
 * const child = spawn('node', ['worker.js'], { stdio: 'inherit' })
 * const undo = shutdown.add(childProcess(child, { name: 'worker', stopWait: '5s' }))
 * child.once('exit', undo)
 *
 * @throws LastcallError `LASTCALL_NOT_A_CHILD`, `LASTCALL_NOT_A_GROUP` or `LASTCALL_INVALID_OPTION`
 */
export function childProcess(child: ChildProcessLike, options: ChildProcessOptions = {}): Hook[] {
  return inCall('childProcess()', () => childProcessHooks(child, options, systemClock))
}

export function childProcessHooks(
  child: ChildProcessLike,
  options: ChildProcessOptions,
  clock: Clock,
): Hook[] {
  refuseNonChild(child)
  refuseUnknownOptions(options, OPTIONS, "{ name: 'worker', stopWait: '5s' }")
  const program = `${basename(child.spawnfile ?? 'child')} ${child.pid ?? ''}`.trim()
  const { name = program, stopSignal = 'SIGTERM', stopMessage, group = false } = options
  if (typeof group !== 'boolean') throw invalidOption('group', 'true or false', group)
  if (stopMessage !== undefined && typeof child.send !== 'function') {
    const fix = "Start it with fork(), or with spawn() and 'ipc' in `stdio`."
    throw invalidOption('stopMessage', 'given for a child with a channel only', stopMessage, fix)
  }
  const target = group ? 'group' : 'process'
  const settings: StopSettings = {
    name,
    stopSignal: parseSignal(stopSignal, 'stopSignal'),
    stopMessage,
    signals: target,
    kills: target,
    exitCodes: parseExitCodes(options.exitCodes, 'exitCodes'),
  }
  const hook = stopHook(name, options, (context) => stopChild(child, settings, context, clock))
  if (hasEnded(child)) return []
  if (group && !isGroup(child.pid ?? 0)) {
    throw refusal(
      'LASTCALL_NOT_A_GROUP',
      `Expected the child ${child.pid} to lead a process group, because \`group\` is true. Start it with { detached: true }, which gives it one.`,
    )
  }
  return [hook]
}

const OPTIONS = optionNames<ChildProcessOptions>({
  name: true,
  phase: true,
  stopSignal: true,
  stopMessage: true,
  stopWait: true,
  group: true,
  exitCodes: true,
  reserve: true,
})

function refuseNonChild(child: ChildProcessLike): void {
  const isChild =
    typeof child === 'object' &&
    child !== null &&
    typeof child.once === 'function' &&
    'exitCode' in child &&
    'signalCode' in child
  if (isChild) return
  const message = `Expected what spawn(), fork() or execFile() of node:child_process return, got ${show(child)}. Write childProcess(spawn('node', ['worker.js'])).`
  throw refusal('LASTCALL_NOT_A_CHILD', message)
}
