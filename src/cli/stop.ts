import { existsSync } from 'node:fs'
import { formatDuration } from '../base/duration.ts'
import { systemClock } from '../runtime/clock.ts'
import { descendantsOf } from '../runtime/proc-stat.ts'
import { sendSignal } from '../runtime/signals.ts'
import type { OptionsOf } from './commands.ts'
import { CODES, Failure, usageError } from './failure.ts'
import { durationOf, signalOf } from './options.ts'
import { pidIn } from './pid-file.ts'
import { commandOf, isAlive, isPid, startOf } from './process-table.ts'
import { terminal } from './terminal.ts'

/** How often it checks, in milliseconds: the system reports the end of child processes only. */
const INTERVAL = 10

/** How long to wait for a process to disappear after SIGKILL, in milliseconds. */
const KILL_TAKES = 5000

/** Stops a process as `docker stop` stops a container. Returns the code to exit with. */
export async function stop(target: string, options: OptionsOf<'stop'>): Promise<number> {
  const grace = durationOf(options.grace, 'grace')
  const signal = signalOf(options.signal, 'signal')
  const pid = pidOf(target)
  const command = commandOf(pid)
  const name = `process ${pid}${command === undefined ? '' : ` (${shorten(command)})`}`
  send(pid, signal, name)
  terminal.print(`${signal} to ${name}; SIGKILL in ${formatDuration(grace)}`)

  const began = systemClock.now()
  const passed = () => formatDuration(systemClock.now() - began)
  const start = startOf(pid)
  // The system may give its pid to a new process meanwhile.
  const hasEnded = () => !isAlive(pid) || startOf(pid) !== start
  if (await becomes(hasEnded, grace)) {
    terminal.print(`ended by itself after ${passed()}`)
    return 0
  }
  // A container is killed with everything in it. Here nothing else would end what the process has started.
  const others = descendantsOf(pid)
  send(pid, 'SIGKILL', name)
  for (const one of others) kill(one)
  const isGone = await becomes(hasEnded, KILL_TAKES)
  const also = others.length === 0 ? '' : `, with ${others.length} that it had started`
  terminal.print(
    isGone
      ? `killed after ${passed()}${also}: it had not ended ${formatDuration(grace)} after ${signal}`
      : `still there ${passed()} after ${signal}, and after SIGKILL: the kernel waits for something on its behalf`,
  )
  return CODES.killed
}

function pidOf(target: string): number {
  if (target === '') throw usageError('stop needs a pid or a pid file')
  if (/^[-+.\d]+$/.test(target) && !existsSync(target)) {
    if (!isPid(target)) throw usageError(`${target} is no pid: a whole number above 0 was expected`)
    const pid = Number(target)
    if (!isAlive(pid)) throw new Failure(CODES.notRunning, `there is no process ${pid}`)
    return pid
  }
  return pidIn(target)
}

function send(pid: number, signal: NodeJS.Signals, name: string): void {
  try {
    sendSignal(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    const fix = 'it belongs to somebody else; run this as its owner, or as root'
    throw new Failure(CODES.notPermitted, `${name} may not be signalled: ${fix}`)
  }
}

function kill(pid: number): void {
  try {
    sendSignal(pid, 'SIGKILL')
  } catch {
    // It has ended already, or belongs to another user.
  }
}

function becomes(isSo: () => boolean, within: number): Promise<boolean> {
  const until = systemClock.now() + within
  return new Promise((resolve) => {
    const look = () => {
      if (isSo()) resolve(true)
      else if (systemClock.now() >= until) resolve(false)
      else systemClock.setTimeout(look, INTERVAL)
    }
    look()
  })
}

function shorten(command: string): string {
  return command.length > 60 ? `${command.slice(0, 59)}…` : command
}
