import type { Budget } from '../budget.ts'
import type { Clock } from '../clock.ts'
import type { Coordinator } from '../coordinator.ts'
import { formatDuration } from '../duration.ts'
import type { Log } from '../log.ts'
import type { ProcessPort } from '../process.ts'
import { guardExit } from './exit-guard.ts'
import { EARLY, SIGNS, type Watched, watch } from './thread.ts'

interface Watching {
  readonly host: ProcessPort
  readonly clock: Clock
  readonly budget: Budget
  readonly log: Pick<Log, 'onStderr'>
}

/**
 * Ends the process at the deadline where the loop is blocked and no timer fires: from a thread that
 * begins with the run. It says what blocks, and does the same for an exit that doesn't end.
 */
export function watchLoop(coordinator: Coordinator, parts: Watching): void {
  const { host, clock, budget } = parts
  coordinator.on('start', () => {
    const began = clock.now()
    const watched = whatIsWatched(parts)
    const thread = host.startThread(PROGRAM, watched)
    if (!thread) return
    const sign = (bit: number) => void Atomics.or(watched.signs, 0, bit)
    clock.setTimeout(() => sign(SIGNS.early), Math.max(0, budget.budget - EARLY))
    clock.setTimeout(() => sign(SIGNS.deadline), budget.budget)
    nameRunning(coordinator, watched.running)
    coordinator.on('exit', () => sign(SIGNS.leaving))
    host.on('exit', () => {
      watched.signs[1] = clock.now() - began
      sign(SIGNS.exiting)
      // To exit ends the threads one by one, ours perhaps before one that doesn't end.
      if (!thread.hasCompany()) return
      const elapsed = clock.now() - began
      const { deadline, exitTime, leaveBy } = watched
      const exitBy = Math.min(leaveBy, Math.max(deadline, elapsed + exitTime))
      const behindTheThread = budget.margin * 0.06
      guardExit(host, { milliseconds: exitBy - elapsed + behindTheThread, format: watched.format })
    })
  })
}

// The build puts a text in the place of the function. Run from its source, it may have been compiled by
// one that keeps the names of functions, and calls this.
const PROGRAM = `const __name = (f) => f
;(${watch})(require('node:worker_threads').workerData, ${JSON.stringify(SIGNS)})`

function whatIsWatched({ host, clock, budget, log }: Watching): Watched {
  const { grace, margin } = budget
  return {
    pid: host.pid,
    startedAt: clock.date(),
    deadline: budget.budget,
    limit: formatDuration(budget.budget),
    leaveBy: grace - margin * 0.1,
    exitTime: margin * 0.9,
    blocked: { waits: Math.min(50, margin * 0.3), listens: Math.min(35, margin * 0.35) },
    stuck: { waits: 0, listens: Math.min(35, margin * 0.05) },
    format: log.onStderr,
    signs: new Int32Array(new SharedArrayBuffer(8)),
    running: new Uint8Array(new SharedArrayBuffer(1024)),
  }
}

/** Keeps the names of the hooks that run where the thread can read them. */
function nameRunning(coordinator: Coordinator, memory: Uint8Array): void {
  const names = new Map<string, string>()
  const text = Buffer.from(memory.buffer)
  const write = () => {
    // Of thousands the first will do.
    if (names.size > 10) return
    const end = text.write([...names.values()].join('\n'), 0, text.length - 1)
    text[end] = 0
  }
  coordinator.on('hook:start', ({ hook, phase }) => {
    names.set(hook, `hook '${hook}' (${phase})`)
    write()
  })
  coordinator.on('hook:end', ({ hook }) => {
    names.delete(hook.name)
    write()
  })
}
