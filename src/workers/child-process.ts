import { basename } from 'node:path'
import { type Duration, parseDuration } from '../base/duration.ts'
import { invalidOption, LastcallError, refuseUnknownOptions, show } from '../base/errors.ts'
import { type Hook, type HookContext, placeHook } from '../engine/hook.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { type ChildProcessLike, hasEnded, type StopSettings, stopChild } from './child.ts'
import { exitCodesOf } from './exit-status.ts'
import { isGroup } from './process-group.ts'
import { parseSignal } from './signal-names.ts'

/** What `childProcess()` takes; everything has a default. */
export interface ChildProcessOptions {
  /** The hook's name, for reports. Default: the program and its pid, such as `node 4711`. */
  readonly name?: string
  /** The phase in which it is stopped. Default `stop`. */
  readonly phase?: string
  /** The signal that tells it to end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /**
   * A message that tells it to end, by the channel that `fork()` opens, in place of the signal. A
   * child with this library in it listens to `'shutdown'`. Where the channel is closed the signal is sent.
   */
  readonly stopMessage?: unknown
  /**
   * The longest that it may take to end, from the beginning of the hook on; then SIGKILL. It is reserved:
   * nothing earlier may eat it. Default: what the budget leaves.
   */
  readonly stopWait?: Duration
  /**
   * Whether its whole process group is signalled, and killed: it has to lead one, by
   * `spawn(…, { detached: true })`. Default false.
   */
  readonly group?: boolean
  /** The exit codes that say that it ended well. Default `[0]`; to end by the stop signal counts as well. */
  readonly exitCodes?: readonly number[]
  /** The part of the budget that nothing earlier may eat. Default: `stopWait`, or its phase's. */
  readonly reserve?: Duration
}

/**
 * The hook that ends a child process: the stop signal, or a message; a wait; SIGKILL. One that has
 * ended before is left alone. A child that the platform has signalled together with its parent (a
 * Ctrl-C in a terminal, systemd, Heroku, PM2) is not signalled again before half of the time is over.
 *
 * @example
 * const child = spawn('node', ['worker.js'], { stdio: 'inherit' })
 * const undo = shutdown.add(childProcess(child, { name: 'worker', stopWait: '5s' }))
 * child.once('exit', undo)
 *
 * @throws LastcallError `LASTCALL_NOT_A_CHILD`, `LASTCALL_NOT_A_GROUP` or `LASTCALL_INVALID_OPTION`
 */
export function childProcess(child: ChildProcessLike, options: ChildProcessOptions = {}): Hook[] {
  return childProcessHooks(child, options, systemClock)
}

export function childProcessHooks(
  child: ChildProcessLike,
  options: ChildProcessOptions,
  clock: Clock,
): Hook[] {
  refuseNonChild(child)
  refuseUnknownOptions(options, OPTIONS, "{ name: 'worker', stopWait: '5s' }")
  const program = `${basename(child.spawnfile ?? 'child')} ${child.pid ?? ''}`.trim()
  const { name = program, phase = 'stop', stopWait, reserve = stopWait } = options
  const { stopSignal = 'SIGTERM', stopMessage, group = false } = options
  if (stopWait !== undefined) parseDuration(stopWait, 'stopWait')
  if (typeof group !== 'boolean') throw invalidOption('group', 'true or false', group)
  if (stopMessage !== undefined && typeof child.send !== 'function') {
    throw invalidOption(
      'stopMessage',
      'given for a child with a channel only',
      stopMessage,
      "Start it with fork(), or with spawn() and 'ipc' in `stdio`.",
    )
  }
  const to = group ? 'group' : 'process'
  const settings: StopSettings = {
    name,
    stopSignal: parseSignal(stopSignal, 'stopSignal'),
    stopMessage,
    signals: to,
    kills: to,
    exitCodes: exitCodesOf(options.exitCodes, 'exitCodes'),
  }
  // It has ended, or never begun: there is nothing to stop.
  if (hasEnded(child)) return []
  if (group) refuseFollower(child.pid ?? 0)
  const run = (context: HookContext) => stopChild(child, settings, context, clock)
  return [placeHook({ name, phase, timeout: stopWait, reserve }, run)]
}

const OPTIONS = [
  'name',
  'phase',
  'stopSignal',
  'stopMessage',
  'stopWait',
  'group',
  'exitCodes',
  'reserve',
]

function refuseNonChild(child: ChildProcessLike): void {
  const isChild =
    typeof child === 'object' &&
    child !== null &&
    typeof child.once === 'function' &&
    'exitCode' in child &&
    'signalCode' in child
  if (isChild) return
  throw new LastcallError(
    'LASTCALL_NOT_A_CHILD',
    `Expected what spawn(), fork() or execFile() of node:child_process return, got ${show(child)}.`,
  )
}

function refuseFollower(pid: number): void {
  if (isGroup(pid)) return
  throw new LastcallError(
    'LASTCALL_NOT_A_GROUP',
    `Expected the child ${pid} to lead a process group, for \`group\` is true. Start it with { detached: true }, which gives it one.`,
  )
}
