import { existsSync } from 'node:fs'
import { formatDuration } from '../base/duration.ts'
import { systemClock } from '../runtime/clock.ts'
import { descendantsOf } from '../runtime/proc-stat.ts'
import { sendSignal } from '../runtime/process.ts'
import { CODES, Failure, usageError } from './failure.ts'
import { durationOf, signalOf, textOf } from './options.ts'
import { pidIn } from './pid-file.ts'
import { commandOf, isAlive, isPid, startOf } from './process-table.ts'
import { terminal } from './terminal.ts'

/** How often it looks whether the process has ended: nobody tells that of a process that is no child. */
const INTERVAL = 10

/** Does to a process what `docker stop` does to a container; returns the code to exit with. */
export async function stop(target: string, options: Record<string, unknown>): Promise<number> {
  const grace = durationOf(options.grace, 'grace') ?? 10_000
  const signal = signalOf(textOf(options.signal, 'signal') ?? 'TERM', 'signal')
  const pid = pidOf(target)
  const command = commandOf(pid)
  const name = `process ${pid}${command === undefined ? '' : ` (${shorten(command)})`}`
  send(pid, signal, name)
  terminal.print(`${signal} to ${name}; SIGKILL in ${formatDuration(grace)}`)

  const began = systemClock.now()
  const passed = () => formatDuration(systemClock.now() - began)
  const start = startOf(pid)
  // By then another process may have got its number.
  const hasEnded = () => !isAlive(pid) || startOf(pid) !== start
  if (await becomes(hasEnded, grace)) {
    terminal.print(`ended by itself after ${passed()}`)
    return 0
  }
  // With a container all that runs in it is killed: nobody else would end what it has started.
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

/** How long a process may take to be gone once it was killed, in milliseconds. */
const KILL_TAKES = 5000

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
    // It is somebody else's.
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
