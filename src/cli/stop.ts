import { existsSync } from 'node:fs'
import { formatDuration } from '../base/duration.ts'
import { systemClock } from '../runtime/clock.ts'
import { descendantsOf } from '../runtime/proc-stat.ts'
import { sendSignal } from '../runtime/signals.ts'
import type { OptionsOf } from './commands.ts'
import { CODES, Failure, usageError } from './failure.ts'
import { durationOf, signalOf } from './options.ts'
import { processOfPidFile, type Target } from './pid-file.ts'
import { isAlive, isPid, nameOf, startTimeOf } from './process-table.ts'
import { terminal } from './terminal.ts'

/** How often to check for the end, in milliseconds: the system reports only that of children. */
const INTERVAL = 10

/** How long to wait for a process to disappear after SIGKILL, in milliseconds. */
const MAX_KILL_TIME = 5000

/** Stops a process as `docker stop` stops a container. Returns the code to exit with. */
export async function stop(target: string, options: OptionsOf<'stop'>): Promise<number> {
  const grace = durationOf(options.grace)
  const signal = signalOf(options.signal)
  const { pid, start = startTimeOf(pid) } = targetOf(target)
  // A new process may have got the pid.
  const hasEnded = () => !isAlive(pid) || startTimeOf(pid) !== start
  const command = nameOf(pid)
  const name = `process ${pid}${command === undefined ? '' : ` (${command})`}`
  if (hasEnded()) throw new Failure(CODES.notRunning, `process ${pid} has just ended`)
  sendOrFail(pid, signal, name)
  terminal.print(`${signal} to ${name}; SIGKILL in ${formatDuration(grace)}`)

  const began = systemClock.now()
  const passed = () => formatDuration(systemClock.now() - began)
  const endedByItself = () => {
    terminal.print(`ended by itself after ${passed()}`)
    return 0
  }
  if (await waitUntil(hasEnded, grace)) return endedByItself()
  // A container is killed with all its processes. Here, descendants must be killed one by one.
  const others = descendantsOf(pid)
  if (hasEnded()) return endedByItself()
  sendOrFail(pid, 'SIGKILL', name)
  const killed = [...others].filter(([other, since]) => killIfSame(other, since)).length
  const isGone = await waitUntil(hasEnded, MAX_KILL_TIME)
  const descendants = killed === 0 ? '' : `, with ${killed} of its descendants`
  terminal.print(
    isGone
      ? `killed after ${passed()}${descendants}: it had not ended ${formatDuration(grace)} after ${signal}`
      : `still running ${passed()} after ${signal}, despite SIGKILL: it is in a system call that the kernel cannot interrupt`,
  )
  return CODES.killed
}

function targetOf(target: string): Target {
  if (target === '') throw usageError('stop needs a pid or a pid file')
  if (/^[-+.\d]+$/.test(target) && !existsSync(target)) {
    if (!isPid(target))
      throw usageError(`${target} is not a pid: a whole number above 0 was expected`)
    const pid = Number(target)
    if (!isAlive(pid)) throw new Failure(CODES.notRunning, `there is no process ${pid}`)
    return { pid, start: undefined }
  }
  return processOfPidFile(target)
}

/** Kills a process, unless another one has got its pid. Returns whether it did. */
function killIfSame(pid: number, start: string): boolean {
  try {
    return startTimeOf(pid) === start && sendSignal(pid, 'SIGKILL')
  } catch {
    // It belongs to another user.
    return false
  }
}

function sendOrFail(pid: number, signal: NodeJS.Signals, name: string): void {
  try {
    sendSignal(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    const why = 'it belongs to another user; run this as that user, or as root'
    throw new Failure(CODES.notPermitted, `no permission to signal ${name}: ${why}`)
  }
}

function waitUntil(isTrue: () => boolean, within: number): Promise<boolean> {
  const until = systemClock.now() + within
  return new Promise((resolve) => {
    const check = () => {
      if (isTrue()) resolve(true)
      else if (systemClock.now() >= until) resolve(false)
      else systemClock.setTimeout(check, INTERVAL)
    }
    check()
  })
}
