import { formatDuration } from '../../base/duration.ts'
import type { Budget } from '../../engine/budget.ts'
import type { Coordinator } from '../../engine/coordinator.ts'
import type { Log } from '../../observe/log.ts'
import type { Clock } from '../../runtime/clock.ts'
import { EXIT_AT_ONCE } from '../../runtime/node/really-exit.ts'
import type { ProcessPort } from '../../runtime/process.ts'
import { stayUntil } from '../../runtime/shared-shutdowns.ts'
import { guardExit } from './exit-guard.ts'
import { EARLY, SIGNS, type WatchdogData } from './protocol.ts'
import { watch } from './thread.ts'

interface Watching {
  readonly host: ProcessPort
  readonly clock: Clock
  readonly budget: Budget
  readonly log: Pick<Log, 'onStderr'>
  readonly isWanted: boolean
}

/**
 * Ends the process at the deadline where the loop is blocked and no timer fires: from a thread that
 * begins with the run. It says what blocks, and does the same for an exit that doesn't end. Of several
 * shutdowns the one whose grace lasts longest is watched: until then the process has to live.
 *
 * @returns a way to call it off
 */
export function watchLoop(coordinator: Coordinator, parts: Watching): () => void {
  const { host, clock, budget, isWanted } = parts
  let callOff = () => {}
  coordinator.on('start', () => {
    const began = clock.now()
    const watched = whatIsWatched(parts)
    stayUntil(host.sharedShutdowns, watched.until)
    if (!isWanted) return
    const thread = host.startThread(PROGRAM, watched)
    if (!thread) return
    const sign = (bit: number) => void Atomics.or(watched.signs, 0, bit)
    const timers = [
      clock.setTimeout(() => sign(SIGNS.early), Math.max(0, budget.deadline - EARLY)),
      clock.setTimeout(() => sign(SIGNS.deadline), watched.deadline),
      clock.setTimeout(() => sign(SIGNS.halfway), watched.halfway),
    ]
    nameRunning(coordinator, watched.running)
    const leaves = (bit: number) => {
      watched.signs[1] = clock.now() - began
      sign(bit)
    }
    coordinator.on('exit', () => leaves(SIGNS.leaving))
    const undo = host.on('exit', () => {
      leaves(SIGNS.exiting)
      // To exit ends the threads one by one, ours perhaps before one that doesn't end.
      if (!thread.hasOtherThreads() || Atomics.load(watched.lastUntil, 0) > watched.until) return
      const elapsed = clock.now() - began
      const { deadline, exitTime, leaveBy } = watched
      const exitBy = Math.min(leaveBy, Math.max(deadline, elapsed + exitTime))
      const behindTheThread = budget.margin * 0.02
      guardExit(host, { milliseconds: exitBy - elapsed + behindTheThread, format: watched.format })
    })
    callOff = () => {
      thread.end()
      undo()
      for (const timer of timers) clock.clearTimeout(timer)
    }
  })
  return () => callOff()
}

// The build puts a text in the place of the function. Run from its source, it may have been compiled by
// one that keeps the names of functions, and calls this.
const PROGRAM = `const __name = (f) => f
;(${watch})(require('node:worker_threads').workerData, ${JSON.stringify(SIGNS)})`

function whatIsWatched({ host, budget, log }: Watching): WatchdogData {
  const { grace, margin } = budget
  const startedAt = host.sharedTime()
  // Who waits for a reader of stdout leaves when a tenth of the margin is left, and is not guilty.
  const leaveBy = grace - margin * 0.04
  return {
    pid: host.pid,
    startedAt,
    until: startedAt + BigInt(Math.round(grace * 1e6)),
    lastUntil: host.sharedShutdowns.graceOverAt,
    deadline: budget.deadline,
    limit: formatDuration(budget.deadline),
    halfway: (budget.deadline + leaveBy) / 2,
    leaveBy,
    exitTime: margin * 0.9,
    blocked: { waits: Math.min(50, margin * 0.3), listens: Math.min(35, margin * 0.35) },
    stuck: { waits: 0, listens: Math.min(35, margin * 0.04) },
    format: log.onStderr,
    exitAtOnce: EXIT_AT_ONCE,
    signs: new Int32Array(new SharedArrayBuffer(8)),
    running: new Uint8Array(new SharedArrayBuffer(1024)),
  }
}

/** Keeps the names of the hooks that run where the thread can read them. */
function nameRunning(coordinator: Coordinator, memory: Uint8Array): void {
  const names = new Map<string, string>()
  const text = Buffer.from(memory.buffer)
  /** Of thousands the first will do. */
  let shown: string[] = []
  const write = () => {
    shown = []
    for (const hook of names.keys()) if (shown.push(hook) === 10) break
    const lines = shown.map((hook) => names.get(hook)?.replace(/[\0\n]/g, ' '))
    const end = text.write(lines.join('\n'), 0, text.length - 1)
    text[end] = 0
  }
  coordinator.on('hook:start', ({ hook, phase }) => {
    names.set(hook, `hook '${hook}' (${phase})`)
    if (shown.length < 10) write()
  })
  coordinator.on('hook:end', ({ hook }) => {
    names.delete(hook.name)
    if (shown.includes(hook.name)) write()
  })
}
