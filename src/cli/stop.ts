import { existsSync } from 'node:fs'
import { systemClock } from '../clock.ts'
import { formatDuration } from '../duration.ts'
import { sendSignal } from '../process.ts'
import { CODES, Failure, usageError } from './failure.ts'
import { durationOf, signalOf, textOf } from './options.ts'
import { pidIn } from './pid-file.ts'
import { commandOf, isAlive } from './process-table.ts'
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
  if (await ends(pid, grace)) {
    terminal.print(`ended by itself after ${passed()}`)
    return 0
  }
  send(pid, 'SIGKILL', name)
  const isGone = await ends(pid, KILL_TAKES)
  terminal.print(
    isGone
      ? `killed after ${passed()}: it had not ended ${formatDuration(grace)} after ${signal}`
      : `still there ${passed()} after ${signal}, and after SIGKILL: the kernel waits for something on its behalf`,
  )
  return CODES.killed
}

/** How long a process may take to be gone once it was killed, in milliseconds. */
const KILL_TAKES = 5000

function pidOf(target: string): number {
  if (/^\d+$/.test(target) && !existsSync(target)) {
    const pid = Number(target)
    if (pid === 0) throw usageError('0 is no process: it would mean every one of this group')
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

function ends(pid: number, within: number): Promise<boolean> {
  const until = systemClock.now() + within
  return new Promise((resolve) => {
    const look = () => {
      if (!isAlive(pid)) resolve(true)
      else if (systemClock.now() >= until) resolve(false)
      else systemClock.setTimeout(look, INTERVAL)
    }
    look()
  })
}

function shorten(command: string): string {
  return command.length > 60 ? `${command.slice(0, 59)}…` : command
}
